/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - what a build leaves: the image and its names, files that hold it, reports for CI.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/audit.h"
#include "cli/build/outputs.h"
#include "cli/build/shared.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "images/build/build_cache.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "images/image_write.h"
#include "images/index.h"
#include "images/push_request.h"
#include "images/store.h"
#include "runtime/logs/events.h"

/* Of registries, in full. */
static int full_names(const struct build_options *options, struct list *ret, struct error *e)
{
	for (size_t i = 0; i < options->names.count; i++) {
		autorelease(image_name) struct image_name name = { 0 };

		if (image_name_parse(options->names.items[i], &name, e))
			return error_in(e, "option --tag");
		if (name.digest)
			return error_set(e, ERROR_USAGE, "option --tag %s: a digest is nothing that an image can be given", options->names.items[i]);
		list_take(ret, image_name_text(&name));
	}
	return 0;
}

int build_names_check(const struct build_options *options, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (full_names(options, &names, e))
		return -1;
	if (options->push && !names.count)
		return error_set(e, ERROR_USAGE, "option --push: expected a name of a registry: --tag registry.example.com/name:tag");
	return 0;
}

int build_push(struct build_work *work, const char *name, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	const struct catalogue_entry *entry;
	struct progress *progress;
	int result;

	if (catalogue_read(work->call->places, &catalogue, e))
		return -1;
	entry = catalogue_named(&catalogue, name);
	if (!entry)
		return error_set(e, ERROR_MISSING, "push %s: the name is gone", name);
	progress = progress_new(work->options->quiet, "pushing", "pushed");
	progress_begins(name, progress);
	result = push_request(work->call->places, &catalogue, entry, name, progress_blob, progress, e);
	progress_free(progress);
	if (result)
		return -1;
	events_note(work->call->places, "image", "push", name, NULL);
	return 0;
}

static int report(struct build_work *work, const struct stage *target, const struct list *names, const char *digest, struct error *e)
{
	const struct build_options *options = work->options;
	autorelease(text) struct text predicate = { 0 };
	autorelease(list) struct list images = { 0 };
	autorelease(text) struct text out = { 0 };

	list_copy(&images, names);
	if (!images.count)
		list_add(&images, digest);
	if (build_outputs_write(work, target, &images, e))
		return -1;
	if (build_attest(work, images.items[0], digest, &predicate, e))
		return -1;
	for (size_t i = 0; options->push && i < names->count; i++)
		if (build_push(work, names->items[i], e))
			return -1;
	text_addf(&out, "%s\n", digest);
	if (options->metadata_file && build_metadata_write(work, names, digest, &predicate, e))
		return -1;
	if (options->iidfile && output_file_write(options->iidfile, digest, strlen(digest), e))
		return -1;
	/* An image that went to stdout is not followed by its name. */
	return options->is_stdout_taken ? 0 : report_text(&out, e);
}

/* Everything that the image depends on. */
static char *image_key(const struct image_write *image)
{
	struct text key = { 0 };

	text_addf(&key, "box image 1\ncreated %" PRId64 "\nbase %s %s\nhistory %s\nconfig ", image->epoch,
		  image->parts->base_name ? image->parts->base_name : "", image->parts->base_digest ? image->parts->base_digest : "",
		  image->parts->history.length ? image->parts->history.data : "");
	build_config_write(image->config, &key);
	text_addf(&key, "\nplatform %s/%s/%s\nauthor %s\n", image->config->os ? image->config->os : "",
		  image->config->architecture ? image->config->architecture : "", image->config->variant ? image->config->variant : "",
		  image->config->author ? image->config->author : "");
	for (size_t i = 0; i < image->parts->layer_count; i++)
		text_addf(&key, "layer %s %s %s\n", image->parts->diff_ids.items[i], image->parts->layers[i].digest,
			  image->parts->layers[i].media_type);
	for (size_t i = 0; i < image->annotations->count; i++)
		text_addf(&key, "annotation %zu:%s\n", strlen(image->annotations->items[i]), image->annotations->items[i]);
	return text_take(&key);
}

/* The image of that key, where it is there and has all its names. */
static char *find_image(const struct build_work *work, const char *key, const struct list *names)
{
	autorelease(text) struct text digest = { 0 };
	autorelease(index) struct index index = { 0 };
	struct error ignored = { 0 };
	struct digest parsed;
	int pin;

	if (!build_cache_find_text(work->store, key, &digest) || !digest.length || digest_parse(digest.data, &parsed) ||
	    index_read(work->store, &index, &ignored))
		return NULL;
	for (size_t i = 0; i < names->count; i++) {
		const struct descriptor *entry = index_find(&index, names->items[i]);

		if (!entry || strcmp(entry->digest, digest.data) != 0)
			return NULL;
	}
	pin = store_pin(work->store, &parsed);
	if (pin >= 0)
		close(pin);
	return pin >= 0 ? text_take(&digest) : NULL;
}

static int write_image(const struct build_work *work, const struct image_write *image, char **ret_digest, struct error *e)
{
	autofree char *key = image_key(image);
	struct error ignored = { 0 };

	/* One without names is written anew, as the same one. */
	*ret_digest = work->options->no_cache || !image->names->count ? NULL : find_image(work, key, image->names);
	if (*ret_digest)
		return 0;
	if (image_write(work->call->places, image, ret_digest, e))
		return error_in(e, "write the image");
	(void)build_cache_put_text(work->store, key, *ret_digest, &ignored); /* it is written again the next time */
	return 0;
}

static int tell_image(const struct build_work *work, const struct image_write *image, char **ret_digest, struct error *e)
{
	autofree char *key = image_key(image);

	*ret_digest = find_image(work, key, image->names);
	return *ret_digest ? 0 : error_set(e, ERROR_MISSING, "the image is not in the store");
}

int build_finish(struct build_work *work, struct error *e)
{
	struct stage *target = &work->stages[build_file_target(work->file)];
	autorelease(list) struct list names = { 0 };
	struct image_write image = { .parts = &target->parts, .config = &target->plan.config, .names = &names,
				     .annotations = &work->options->annotations };
	autofree char *digest = NULL;

	if (full_names(work->options, &names, e))
		return -1;
	work->created = work->epoch >= 0 ? work->epoch : build_git_time(work);
	if (work->created < 0)
		work->created = target->epoch;
	image.epoch = work->created;
	for (size_t i = 0; i < work->options->labels.count; i++)
		(void)list_env_put(&target->plan.config.labels, work->options->labels.items[i]); /* the option lets nothing else in */
	if (work->options->is_told_only ? tell_image(work, &image, &digest, e) : write_image(work, &image, &digest, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		audit_image(work->call->audit, names.items[i], NULL, digest);
		events_note(work->call->places, "image", "build", names.items[i], NULL);
	}
	work->digest = alloc_copy(digest);
	if (build_shared_write(work, e))
		return -1;
	return work->options->is_part ? 0 : report(work, target, &names, digest, e);
}
