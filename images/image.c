/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - from what the user named to layers and a configuration.
 *
 * An archive that was seen before costs one stat(2) and the reading of two small records. Everything else goes to libexec/box/box-image
 * under the store's lock, so that fifty boxes that start with the same new archive unpack it once.
 */
#include "images/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/record.h"
#include "images/reference.h"
#include "images/store.h"
#include "images/unpack_request.h"
#include "specs/container.h"

enum { CONFIG_LIMIT = 4 << 20 };

void image_release(struct image *image)
{
	free(image->reference);
	free(image->digest);
	for (size_t i = 0; i < image->layer_count; i++)
		free(image->layers[i].path);
	free(image->layers);
	image_config_release(&image->config);
	if (image->pin >= 0)
		close(image->pin);
	*image = (struct image){ .pin = -1 };
}

static void add_layer(struct image *image, char *path, enum layer_ids ids)
{
	struct layer *layer = alloc_append(&image->layers, &image->layer_count, sizeof *layer);

	layer->path = path;
	layer->ids = ids;
}

/* Opens what identifies the source: the archive, or a layout's index.json. */
static int look_at_source(const struct reference *reference, struct stat *ret, struct error *e)
{
	autofree char *index = reference->kind == REFERENCE_OCI ? text_format("%s/index.json", reference->path) : NULL;
	const char *path = index ? index : reference->path;

	if (stat(path, ret)) {
		error_sys(e, "open the image %s", path);
		return index ? error_hint(e,
					  "an OCI image layout is a folder that holds index.json, oci-layout and blobs")
			     : -1;
	}
	if (!S_ISREG(ret->st_mode))
		return error_set(e, ERROR_IMAGE, "open the image %s: it is no regular file", path);
	return 0;
}

static int load_config(int store, const struct image_record *record, struct image *image, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	autofree char *path = NULL;
	struct digest digest;

	if (!record->config)
		return 0;
	if (digest_parse(record->config, &digest))
		return error_set(e, ERROR_INTERNAL, "the store's record of %s names no configuration", record->image);
	path = store_blob_path(&digest);
	if (file_read(store, path, CONFIG_LIMIT, &json, e))
		return error_in(e, "read the image's configuration");
	return image_config_decode(json.data ? json.data : "", json.length, image->reference, &image->config, e);
}

/* Overlayfs refuses a layer that is there twice (ELOOP). The upper one hides all of the lower one, which can be left out. */
static bool comes_again(const struct list *layers, size_t n)
{
	for (size_t i = n + 1; i < layers->count; i++)
		if (strcmp(layers->items[i], layers->items[n]) == 0)
			return true;
	return false;
}

static int load_layers(const struct places *places, int store, const struct list *layers, struct image *image, struct error *e)
{
	for (size_t i = 0; i < layers->count; i++) {
		struct digest layer;
		autofree char *path = NULL;

		if (digest_parse(layers->items[i], &layer) || !store_has_layer(store, &layer)) {
			errno = ENOENT;
			return error_sys(e, "open the layer %s in the store", layers->items[i]);
		}
		if (comes_again(layers, i))
			continue;
		path = store_layer_path(&layer);
		add_layer(image, text_format("%s/%s", places->store, path), LAYER_IDS_STORE);
	}
	return 0;
}

/* Fills image from the store's record; -1 with e->sys ENOENT where the record or a layer is gone. */
static int load_image(const struct places *places, int store, const char *digest_words, struct image *image,
		      struct error *e)
{
	autorelease(image_record) struct image_record record = { 0 };
	struct digest digest;

	if (digest_parse(digest_words, &digest))
		return error_set(e, ERROR_INTERNAL, "the store names the image by \"%s\", which is no digest",
				 digest_words);
	image->pin = store_pin(store, &digest);
	if (image->pin < 0)
		return error_sys(e, "pin the image %s in the store", digest_words);
	if (image_record_read(store, &digest, &record, e))
		return -1;
	if (load_layers(places, store, &record.layers, image, e))
		return -1;
	image->digest = alloc_copy(record.image);
	return load_config(store, &record, image, e);
}

/* Forgets what a failed load_image filled. */
static void start_again(struct image *image)
{
	char *reference = take_ptr(&image->reference);

	image_release(image);
	image->reference = reference;
}

enum lookup { LOOKUP_HIT, LOOKUP_MISS, LOOKUP_CHANGED };

/* Whether the store knows this very file. */
static int look_up(const struct places *places, int store, const struct reference *reference, struct image *image,
		   struct error *e)
{
	autorelease(source_record) struct source_record record = { 0 };
	struct error ignored = { 0 };
	struct stat st;

	if (look_at_source(reference, &st, e))
		return -1;
	/* A record that is missing or broken is only a missed chance. */
	if (source_record_read(store, reference, &st, &record, &ignored))
		return LOOKUP_MISS;
	if (!source_record_is_true(&record, &st, reference->tag))
		return LOOKUP_CHANGED;
	if (load_image(places, store, record.image, image, &ignored) == 0)
		return LOOKUP_HIT;
	log_debug("image store: %s", ignored.text);
	start_again(image);
	return LOOKUP_MISS;
}

static int unpack(const struct places *places, int store, const struct reference *reference, struct image *image,
		  struct error *e)
{
	autoclose int lock = file_lock(store, "unpack.lock", /* wait= */ true, e);
	autofree char *digest = NULL;
	int found;

	if (lock < 0)
		return error_in(e, "lock the image store");
	/* Another box may have unpacked it while this one waited. */
	found = look_up(places, store, reference, image, e);
	if (found < 0 || found == LOOKUP_HIT)
		return found < 0 ? -1 : 0;
	if (found == LOOKUP_MISS)
		log_info("unpacking %s", image->reference);
	if (unpack_request(store, reference, image->reference, /* is_known= */ found == LOOKUP_CHANGED, &digest, e))
		return -1;
	return load_image(places, store, digest, image, e);
}

static int resolve_stored(const struct places *places, const struct reference *reference, struct image *image,
			  struct error *e)
{
	autoclose int store = store_open(places->store, e);
	int found;

	if (store < 0)
		return -1;
	found = look_up(places, store, reference, image, e);
	if (found < 0 || found == LOOKUP_HIT)
		return found < 0 ? -1 : 0;
	return unpack(places, store, reference, image, e);
}

int image_resolve(const struct places *places, const char *reference_words, struct image *ret, struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };
	struct image image = { .pin = -1 };

	if (reference_parse(reference_words, &reference, e))
		return -1;
	image.reference = alloc_copy(reference_words);
	if (reference.kind == REFERENCE_FOLDER) {
		add_layer(&image, alloc_copy(reference.path), LAYER_IDS_CONTAINER);
	} else if (resolve_stored(places, &reference, &image, e)) {
		image_release(&image);
		return -1;
	}
	*ret = image;
	return 0;
}
