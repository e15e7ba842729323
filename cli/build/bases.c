/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bases.c - images that stages begin with, or take files from.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/build/named.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/when.h"
#include "images/catalogue.h"
#include "images/commit_request.h"
#include "images/image_parts.h"
#include "images/reference.h"
#include "specs/image_story.h"

enum { FIRST_EPOCH = 315532800 }; /* 1980: what zip files can name */

/* When the image was made, or the first time that every tool can name. */
static int64_t epoch_of(const char *json, size_t length, const char *name)
{
	struct image_story story = { 0 };
	struct error ignored = { 0 };
	int64_t ns = 0;

	if (image_story_decode(json, length, name, &story, &ignored) == 0 && story.created)
		(void)when_parse("created", story.created, &ns, &ignored); /* 0 where it is no time */
	image_story_release(&story);
	return ns / 1000000000 > FIRST_EPOCH ? ns / 1000000000 : FIRST_EPOCH;
}

static int load(struct build_work *work, struct base_image *base, struct error *e)
{
	const struct build_options *options = work->options;
	struct image_options choices = { .platform = base->platform ? base->platform : work->inputs.platform, .progress = progress_blob,
					 .begins = progress_begins, .pull = PULL_MISSING };
	autorelease(text) struct text json = { 0 };
	int result;

	if (locking_image(&work->locking, base->name, choices.platform, &choices.locked, e))
		return -1;
	if (text_equal(options->pull_word, "never"))
		choices.pull = PULL_NEVER;
	else if (options->pull_word && strcmp(options->pull_word, "missing") != 0 && strcmp(options->pull_word, "false") != 0)
		choices.pull = PULL_ALWAYS;
	choices.data = progress_new(options->quiet, "pulling", "fetched");
	result = image_resolve(work->call->places, base->name, &choices, &base->image, e);
	progress_free(choices.data);
	if (result || locking_compare_image(&work->locking, base->name, choices.locked, &base->image, e))
		return -1;
	if (!base->image.config_digest)
		return error_set(e, ERROR_UNSUPPORTED, "build on %s: it is a tar or folder, and no image", base->name);
	if (catalogue_blob(work->call->places, base->image.config_digest, &json, e) ||
	    build_config_decode(json.data, json.length, base->name, &base->config, e))
		return -1;
	base->epoch = epoch_of(json.data, json.length, base->name);
	return 0;
}

/* The image, found or pulled; valid until another one is. */
static const struct base_image *find_image(struct build_work *work, const char *name, const char *platform, struct error *e)
{
	struct base_image *base;

	for (size_t i = 0; i < work->base_count; i++)
		if (strcmp(work->bases[i].name, name) == 0 && text_equal(work->bases[i].platform, platform))
			return &work->bases[i];
	base = alloc_append(&work->bases, &work->base_count, sizeof *base);
	*base = (struct base_image){ .name = alloc_copy(name), .platform = alloc_copy(platform), .image = { .pin = -1 } };
	if (load(work, base, e) == 0)
		return base;
	work->base_count--;
	image_release(&base->image);
	free(base->name);
	free(base->platform);
	return NULL;
}

void build_bases_release(struct build_work *work)
{
	for (size_t i = 0; i < work->base_count; i++) {
		struct base_image *base = &work->bases[i];

		free(base->name);
		free(base->platform);
		image_release(&base->image);
		build_config_release(&base->config);
	}
	free(work->bases);
}

/* The reference of an image that from names; NULL: it names none. */
static const char *image_of(const struct build_work *work, const struct build_from *from)
{
	return from->kind == BUILD_FROM_IMAGE ? from->name : from->kind == BUILD_FROM_NAMED ? build_named_find(work, from)->image : NULL;
}

/* Whether the caller's own spec names it so, and not what an image wants done (ONBUILD). */
static bool is_of_spec(const struct build_work *work, const char *name)
{
	autorelease(list) struct list names = { 0 };

	if (work->has_paths)
		build_file_images(work->file, &names);
	return list_has(&names, name);
}

/* The image that from names, which is no scratch and no stage. A Dockerfile or an image names no path of this host: an archive, or the
 * store of another user, that its author could not read. */
static const struct base_image *find_allowed(struct build_work *work, const struct build_from *from, struct error *e)
{
	struct reference reference = { 0 };
	struct error ignored = { 0 };
	bool is_path = from->kind == BUILD_FROM_IMAGE && reference_parse(from->name, &reference, &ignored) == 0 &&
		       reference.kind != REFERENCE_REGISTRY && !is_of_spec(work, from->name);

	reference_release(&reference);
	if (!is_path)
		return find_image(work, image_of(work, from), from->platform, e);
	(void)error_set(e, ERROR_DENIED, "a build file names no archive and no folder of this host: \"%.200s\"", from->name);
	(void)error_hint(e, "box build --build-context NAME=oci-layout://FOLDER:TAG, and NAME in the file; or box load first");
	return NULL;
}

/* The configuration under a stage; its parts and epoch go to the stage. */
static int find_base(struct build_work *work, struct stage *stage, struct build_config *ret, struct error *e)
{
	const struct build_head *head = build_file_head(work->file, stage->number);
	const struct stage *below = head->base.kind == BUILD_FROM_STAGE ? &work->stages[head->base.stage] : NULL;
	const struct base_image *base;

	stage->epoch = FIRST_EPOCH;
	if (below) {
		image_parts_copy(&stage->parts, &below->parts);
		list_copy(&stage->diff_ids, &below->diff_ids);
		build_config_copy(ret, &below->plan.config);
		stage->epoch = below->epoch;
	} else if (image_of(work, &head->base)) {
		base = find_allowed(work, &head->base, e);
		if (!base || image_parts_read(work->call->places, base->image.digest, base->name, &stage->parts, e))
			return -1;
		list_copy(&stage->diff_ids, &base->image.diff_ids);
		build_config_copy(ret, &base->config);
		stage->epoch = base->epoch;
	} else {
		autofree char *platform = alloc_copy(head->base.platform ? head->base.platform : work->inputs.platform);
		char *slash = strchr(platform, '/'), *variant = slash ? strchr(slash + 1, '/') : NULL;

		if (variant)
			*variant++ = '\0';
		if (slash)
			*slash++ = '\0';
		ret->os = alloc_copy(platform);
		ret->architecture = alloc_copy(slash);
		ret->variant = alloc_copy(variant);
	}
	return 0;
}

int build_begin_stage(struct build_work *work, struct stage *stage, struct error *e)
{
	const struct build_head *head = build_file_head(work->file, stage->number);
	struct build_config base = { 0 };
	int result = find_base(work, stage, &base, e);

	if (result == 0)
		result = build_stage_resolve(work->file, stage->number, &base, &stage->plan, e);
	else if (head->line)
		error_in(e, "%s:%lld: FROM", work->file_name, (long long)head->line);
	build_config_release(&base);
	if (result)
		return -1;
	if (head->base.kind == BUILD_FROM_NAMED && !image_of(work, &head->base))
		build_named_begin(stage, &head->base, head->line);
	if (work->epoch >= 0)
		stage->epoch = work->epoch;
	stage->layers = alloc_zeroed(stage->plan.step_count + 1, sizeof *stage->layers);
	build_verify_begin(work, stage);
	return 0;
}

const struct list *build_source_layers(struct build_work *work, const struct build_from *from, struct error *e)
{
	static const struct list none;
	const struct base_image *base;

	switch (from->kind) {
	case BUILD_FROM_STAGE:
		return &work->stages[from->stage].diff_ids;
	case BUILD_FROM_IMAGE:
	case BUILD_FROM_NAMED:
		if (!image_of(work, from))
			break;
		base = find_allowed(work, from, e);
		return base ? &base->image.diff_ids : NULL;
	case BUILD_FROM_SCRATCH:
		return &none;
	case BUILD_FROM_CONTEXT:
		break;
	}
	(void)error_set(e, ERROR_INTERNAL, "a folder has no layers");
	return NULL;
}
