/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_parts.c - what an image that is being built consists of so far.
 */
#include "images/image_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_text.h"
#include "images/catalogue.h"
#include "images/commit_request.h"
#include "images/descriptor.h"
#include "specs/image_config.h"
#include "specs/image_story.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"

void image_parts_release(struct image_parts *parts)
{
	int saved = errno;

	free(parts->base_name);
	free(parts->base_digest);
	list_release(&parts->diff_ids);
	for (size_t i = 0; i < parts->layer_count; i++) {
		free(parts->layers[i].media_type);
		free(parts->layers[i].digest);
	}
	free(parts->layers);
	text_release(&parts->history);
	*parts = (struct image_parts){ 0 };
	errno = saved;
}

static void add_layer(struct image_parts *parts, const char *diff_id, const char *media_type, const char *digest,
		      int64_t size)
{
	struct descriptor *layer = alloc_append(&parts->layers, &parts->layer_count, sizeof *layer);

	list_add(&parts->diff_ids, diff_id);
	*layer =
		(struct descriptor){ .media_type = alloc_copy(media_type), .digest = alloc_copy(digest), .size = size };
}

void image_parts_add_layers(struct image_parts *to, const struct image_parts *from)
{
	for (size_t i = 0; i < from->layer_count; i++)
		add_layer(to, from->diff_ids.items[i], from->layers[i].media_type, from->layers[i].digest,
			  from->layers[i].size);
}

void image_parts_copy(struct image_parts *to, const struct image_parts *from)
{
	image_parts_release(to);
	to->base_name = alloc_copy(from->base_name);
	to->base_digest = alloc_copy(from->base_digest);
	image_parts_add_layers(to, from);
	if (from->history.length)
		text_add_bytes(&to->history, from->history.data, from->history.length);
}

static void add_history(struct text *history, const struct image_step *step)
{
	text_add(history, history->length ? ",{" : "{");
	json_add_member(history, "created", step->created);
	json_add_member(history, "created_by", step->created_by);
	json_add_member(history, "author", step->author);
	json_add_member(history, "comment", step->comment);
	if (step->is_empty) {
		json_add_key(history, "empty_layer");
		text_add(history, "true");
	}
	text_add_char(history, '}');
}

void image_parts_add(struct image_parts *parts, const char *created_by, const struct commit_layer *layer, int64_t epoch)
{
	bool is_empty = !layer || !layer->diff_id;
	char created[CLOCK_TEXT];
	struct image_step step = { .created = created,
				   .is_empty = is_empty,
				   .created_by = (char *)(uintptr_t)created_by /* only read */ };

	clock_print(epoch, 0, 0, created);
	add_history(&parts->history, &step);
	if (!is_empty)
		add_layer(parts, layer->diff_id, layer->media_type, layer->digest, layer->size);
}

/* Docker's words for the same bytes are the end of OCI's. */
static char *oci_type(const char *media_type)
{
	const char *docker = "application/vnd.docker.image.rootfs.diff.tar";

	if (!media_type || !text_starts(media_type, docker))
		return alloc_copy(media_type ? media_type : LAYER_TYPE);
	media_type += strlen(docker);
	return text_format(LAYER_TYPE "%s%s", *media_type == '.' ? "+" : "", media_type + (*media_type == '.'));
}

static int read_config(const char *json, size_t length, const char *digest, const struct catalogue_entry *entry,
		       struct image_parts *parts, struct error *e)
{
	struct image_config config = { 0 };
	struct image_story story = { 0 };
	int result = image_config_decode(json, length, digest, &config, e) ||
				     image_story_decode(json, length, digest, &story, e)
			     ? -1
			     : 0;

	if (result == 0 && config.diff_ids.count != entry->layer_count)
		result = error_set(e, ERROR_IMAGE, "the manifest of %s has %zu layers, and its configuration %zu",
				   parts->base_digest, entry->layer_count, config.diff_ids.count);
	for (size_t i = 0; result == 0 && i < entry->layer_count; i++) {
		autofree char *type = oci_type(entry->layers[i].media_type);

		add_layer(parts, config.diff_ids.items[i], type, entry->layers[i].digest, entry->layers[i].size);
	}
	for (size_t i = 0; result == 0 && i < story.step_count; i++)
		add_history(&parts->history, &story.steps[i]);
	image_config_release(&config);
	image_story_release(&story);
	return result;
}

int image_parts_read(const struct places *places, const char *manifest, const char *base_name, struct image_parts *ret,
		     struct error *e)
{
	autorelease(image_parts) struct image_parts parts = { 0 };
	autorelease(text) struct text config = { 0 };
	struct catalogue_entry entry = { 0 };
	int result;

	parts.base_name = alloc_copy(base_name);
	parts.base_digest = alloc_copy(manifest);
	result = catalogue_manifest(places, manifest, &entry, e) ||
		 catalogue_blob(places, entry.config.digest, &config, e) ||
		 read_config(config.data, config.length, entry.config.digest, &entry, &parts, e);
	catalogue_entry_release(&entry);
	if (result)
		return error_in(e, "read the image %s", base_name ? base_name : manifest);
	*ret = parts;
	parts = (struct image_parts){ 0 };
	return 0;
}
