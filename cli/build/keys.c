/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c - what a step's result depends on: the cache's key.
 *
 * The layers below by their digests, which say all about them, wherever they came from; the step in one fixed form; the content of its
 * inputs, without times; and what box itself adds. Nothing of this machine, and no name of an image or stage.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/build/fetch.h"
#include "cli/build/work.h"
#include "images/build/content_digests.h"
#include "images/build/selection.h"

enum { UMASK = 022, VERBATIM = 512 << 10 };

static void add_layers(const struct list *diff_ids, struct text *ret)
{
	for (size_t i = 0; i < diff_ids->count; i++)
		text_addf(ret, " %s", diff_ids->items[i]);
	text_add_char(ret, '\n');
}

/* Files of another stage or image: all that their layers are. */
static int add_source_layers(struct build_work *work, const struct build_from *from, struct text *key, struct error *e)
{
	const struct list *layers = build_source_layers(work, from, e);

	if (!layers)
		return -1;
	text_add(key, "layers");
	add_layers(layers, key);
	return 0;
}

/* Files of the context: what they are now. */
static int add_files(struct build_work *work, const struct build_folder *folder, struct selection *selection, struct text *ret,
		     struct error *e)
{
	autorelease(text) struct text description = { 0 };
	char digest[SHA256_TEXT];
	bool is_long;

	if (content_digests_fill(folder->digests, selection, NULL, e))
		return -1;
	text_add(&description, "");
	selection_describe(selection, /* has_owners= */ false, &description);
	is_long = description.length >= VERBATIM;
	if (is_long || work->options->provenance)
		sha256_bytes(description.data, description.length, digest);
	if (work->options->provenance)
		list_add(&work->read, digest);
	if (is_long) {
		text_addf(ret, "files %s\n", digest);
		return 0;
	}
	text_addf(ret, "files %zu\n", description.length);
	text_add_bytes(ret, description.data, description.length);
	return 0;
}

static int add_copy(struct build_work *work, struct stage *stage, const struct build_step *step, struct text *key, struct error *e)
{
	struct build_folder folder;

	build_fetch_describe(work, stage, step, key);
	if (!build_folder_of(work, &step->from, &folder))
		return add_source_layers(work, &step->from, key, e);
	stage->inputs = alloc_zeroed(1, sizeof *stage->inputs);
	stage->input_ends = alloc_zeroed(step->source_count + 1, sizeof *stage->input_ends);
	for (size_t i = 0; i < step->source_count; i++) {
		const struct selection_wish wish = { .root = folder.root, .what = folder.what, .ignore = folder.ignore, .step = step,
						     .source = i, .without = UMASK };

		if (step->sources[i].kind == BUILD_SOURCE_PATH && selection_add(&wish, stage->inputs, e))
			return -1;
		stage->input_ends[i] = stage->inputs->count;
	}
	return stage->inputs->count ? add_files(work, &folder, stage->inputs, key, e) : 0;
}

static int add_mount(struct build_work *work, const struct build_mount *mount, struct text *key, struct error *e)
{
	autofree char *pattern = NULL;
	struct build_source source = { .kind = BUILD_SOURCE_PATH };
	const struct build_step step = { .sources = &source, .source_count = 1 };
	struct selection_wish wish = { .step = &step };
	struct selection selection = { 0 };
	struct build_folder folder;
	int result;

	if (mount->kind != BUILD_MOUNT_BIND)
		return 0;
	if (!build_folder_of(work, &mount->from, &folder))
		return add_source_layers(work, &mount->from, key, e);
	wish.root = folder.root;
	wish.what = folder.what;
	wish.ignore = folder.ignore;
	pattern = selection_literal(mount->source);
	source.path = pattern;
	result = selection_add(&wish, &selection, e) || add_files(work, &folder, &selection, key, e) ? -1 : 0;
	selection_release(&selection);
	return result;
}

static int add_inputs(struct build_work *work, struct stage *stage, const struct build_step *step, struct text *key, struct error *e)
{
	if (step->kind == BUILD_COPY || step->kind == BUILD_ADD)
		return add_copy(work, stage, step, key, e);
	for (size_t i = 0; i < step->mount_count; i++)
		if (add_mount(work, &step->mounts[i], key, e))
			return -1;
	return 0;
}

int build_key(struct build_work *work, struct stage *stage, struct error *e)
{
	const struct build_step *step = &stage->plan.steps[stage->next];
	const struct build_config *config = &stage->plan.config;
	struct text key = { 0 };

	text_addf(&key, "box build 1\nepoch %" PRId64 "\nplatform %s/%s/%s\ncompression %s\nparents", stage->epoch, config->os ? config->os : "",
		  config->architecture ? config->architecture : "", config->variant ? config->variant : "", work->options->compression);
	add_layers(&stage->diff_ids, &key);
	text_addf(&key, "step %s\n", step->key);
	for (size_t i = 0; step->kind == BUILD_RUN && i < work->options->hosts.count; i++)
		text_addf(&key, "host %s\n", work->options->hosts.items[i]);
	/* A build that is to reach nobody takes no result of one that could. */
	if (step->kind == BUILD_RUN && build_is_offline(work))
		text_add(&key, "network none\n");
	if (add_inputs(work, stage, step, &key, e)) {
		autofree char *words = build_step_words(work, step);

		text_release(&key);
		return error_in(e, "%s", words);
	}
	free(stage->key);
	stage->key = text_take(&key);
	return 0;
}
