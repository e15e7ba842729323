/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - what a build leaves: the image and its names, files that hold it, reports for CI.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/isolation.h"
#include "cli/audit.h"
#include "cli/build/local.h"
#include "cli/build/log.h"
#include "cli/build/roots.h"
#include "cli/build/shared.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "images/build/build_cache.h"
#include "images/catalogue.h"
#include "images/index.h"
#include "images/store.h"
#include "images/image_name.h"
#include "images/image_write.h"
#include "images/push_request.h"
#include "images/save.h"
#include "runtime/box.h"
#include "runtime/events.h"

/* --output: "type=oci,dest=FILE". */
struct output {
	char *type, *dest;
};

static void output_release(struct output *output)
{
	free(output->type);
	free(output->dest);
	*output = (struct output){ 0 };
}

static int full_names(const struct build_work *work, struct list *ret, struct error *e)
{
	for (size_t i = 0; i < work->options->names.count; i++) {
		autorelease(image_name) struct image_name name = { 0 };

		if (image_name_parse(work->options->names.items[i], &name, e))
			return error_in(e, "option --tag");
		if (name.digest)
			return error_set(e, ERROR_USAGE, "option --tag %s: a digest is nothing that an image can be given", work->options->names.items[i]);
		list_take(ret, image_name_text(&name));
	}
	return 0;
}

static int parse_output(const char *words, struct output *ret, struct error *e)
{
	autofree char *copy = alloc_copy(words);

	if (!strchr(words, '=')) {
		ret->type = alloc_copy(strcmp(words, "-") == 0 ? "tar" : "local");
		ret->dest = alloc_copy(words);
		return 0;
	}
	for (char *rest = copy, *part; (part = strsep(&rest, ","));) {
		if (text_starts(part, "type="))
			ret->type = alloc_copy(part + strlen("type="));
		else if (text_starts(part, "dest="))
			ret->dest = alloc_copy(part + strlen("dest="));
		else
			return error_set(e, ERROR_USAGE, "option --output %s: expected type=oci|docker|tar|local and dest=PATH, found %s", words, part);
	}
	return 0;
}

/* The file system of the image, as a container sees it, without an image around it. */
static int write_tar(struct build_work *work, const struct stage *target, int fd, struct error *e)
{
	struct layer *layers;
	size_t count;
	int result;

	if (isolation_is_chroot())
		return build_root_write(work, &target->diff_ids, fd, e);
	if (image_open_layers(work->call->places, &target->diff_ids, &layers, &count, e))
		return -1;
	result = box_export_layers(work->call->places, layers, count, fd, e);
	image_close_layers(layers, count);
	return result;
}

static int write_output(struct build_work *work, const struct stage *target, const char *words, const struct list *images,
			struct error *e)
{
	autorelease(output) struct output output = { 0 };
	autorelease(output_file) struct output_file file = { .fd = -1 };
	bool is_tar;
	int format, result;

	if (parse_output(words, &output, e))
		return -1;
	is_tar = text_equal(output.type, "tar");
	format = text_equal(output.type, "oci") || text_equal(output.type, "oci-archive")       ? save_format_of("oci-archive")
		 : text_equal(output.type, "docker") || text_equal(output.type, "docker-archive") ? save_format_of("docker-archive") : -1;
	if (text_equal(output.type, "image"))
		return 0; /* that it is in the store is no option */
	if (text_equal(output.type, "local"))
		return output.dest && *output.dest ? build_local_write(work, &target->diff_ids, output.dest, e) ? error_in(e, "write %s", output.dest) : 0
						   : error_set(e, ERROR_USAGE, "option --output %s: expected dest=FOLDER", words);
	if (!is_tar && format < 0)
		return error_set(e, ERROR_UNSUPPORTED, "option --output %s: expected type=oci, docker, tar or local", words);
	if (output_file_open(output.dest, &file, e))
		return -1;
	result = is_tar ? write_tar(work, target, file.fd, e) : image_save(work->call->places, images, (enum save_format)format, file.fd, e);
	return result || output_file_commit(&file, e) ? error_in(e, "write %s", output.dest ? output.dest : "the image") : 0;
}

static int write_text_file(const char *path, const char *content, size_t length, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };

	if (output_file_open(path, &file, e))
		return -1;
	if (write_all(file.fd, content, length))
		return error_sys(e, "write %s", path);
	return output_file_commit(&file, e);
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
	for (size_t i = 0; i < options->outputs.count; i++)
		if (write_output(work, target, options->outputs.items[i], &images, e))
			return -1;
	if (build_attest(work, images.items[0], digest, &predicate, e))
		return -1;
	for (size_t i = 0; options->push && i < names->count; i++)
		if (build_push(work, names->items[i], e))
			return -1;
	text_addf(&out, "%s\n", digest);
	if (options->metadata_file && build_metadata_write(work, names, digest, &predicate, e))
		return -1;
	if (options->iidfile && write_text_file(options->iidfile, digest, strlen(digest), e))
		return -1;
	/* An image that went to stdout is not followed by its name. */
	for (size_t i = 0; i < options->outputs.count; i++)
		if (strcmp(options->outputs.items[i], "-") == 0 || text_ends(options->outputs.items[i], "dest=-"))
			return 0;
	return report_text(&out, e);
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

/* The image of that key, where it is there and has all its names: nothing is written then. */
static char *find_image(const struct build_work *work, const char *key, const struct list *names)
{
	autorelease(text) struct text digest = { 0 };
	autorelease(index) struct index index = { 0 };
	struct error ignored = { 0 };
	struct digest parsed;
	int pin;

	if (!names->count || !build_cache_find_text(work->store, key, &digest) || !digest.length || digest_parse(digest.data, &parsed) ||
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

	*ret_digest = work->options->no_cache ? NULL : find_image(work, key, image->names);
	if (*ret_digest)
		return 0;
	if (image_write(work->call->places, image, ret_digest, e))
		return error_in(e, "write the image");
	(void)build_cache_put_text(work->store, key, *ret_digest, &ignored); /* it is written again the next time */
	return 0;
}

int build_finish(struct build_work *work, struct error *e)
{
	struct stage *target = &work->stages[build_file_target(work->file)];
	autorelease(list) struct list names = { 0 };
	struct image_write image = { .parts = &target->parts, .config = &target->plan.config, .names = &names,
				     .annotations = &work->options->annotations };
	autofree char *digest = NULL;

	if (full_names(work, &names, e))
		return -1;
	if (work->options->push && !names.count)
		return error_set(e, ERROR_USAGE, "option --push: expected a name of a registry: --tag registry.example.com/name:tag");
	work->created = work->epoch >= 0 ? work->epoch : build_git_time(work);
	if (work->created < 0)
		work->created = target->epoch;
	image.epoch = work->created;
	for (size_t i = 0; i < work->options->labels.count; i++)
		(void)list_env_put(&target->plan.config.labels, work->options->labels.items[i]); /* the option lets nothing else in */
	if (write_image(work, &image, &digest, e))
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
