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
#include "base/isolation.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/pull_request.h"
#include "images/record.h"
#include "images/reference.h"
#include "images/store.h"
#include "images/unpack_request.h"
#include "specs/container.h"
#include "specs/lock.h"

enum { CONFIG_LIMIT = 4 << 20 };

void image_release(struct image *image)
{
	free(image->reference);
	free(image->digest);
	free(image->config_digest);
	list_release(&image->diff_ids);
	for (size_t i = 0; i < image->layer_count; i++)
		layer_release(&image->layers[i]);
	free(image->layers);
	image_config_release(&image->config);
	if (image->pin >= 0)
		close(image->pin);
	*image = (struct image){ .pin = -1 };
}

static void add_layer(struct image *image, char *path, int mount, enum layer_ids ids)
{
	struct layer *layer = alloc_append(&image->layers, &image->layer_count, sizeof *layer);

	layer->path = path;
	layer->mount = mount;
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

/* A layer as root uses it best: mounted by its index, else as a folder. */
static int load_layer(const struct places *places, int store, const struct digest *digest, struct image *image, struct error *e)
{
	autofree char *path = layer_root_path(digest);
	struct error why = { 0 };
	int mount = -1;

	if (!places->rootless)
		mount = layer_open_index(store, digest, &why);
	/* A chroot is filled from the tar (cli/build/roots.h). */
	if (mount < 0 && !layer_has_folder(store, digest) && !(layer_has_index(store, digest) && isolation_is_chroot())) {
		if (why.kind == ERROR_NONE) {
			errno = ENOENT;
			error_sys(&why, "open %s in the image store", path);
		}
		*e = why;
		return -1;
	}
	add_layer(image, text_format("%s/%s", places->store, path), mount, LAYER_IDS_STORE);
	return 0;
}

static int load_layers(const struct places *places, int store, const struct list *layers, struct image *image, struct error *e)
{
	for (size_t i = 0; i < layers->count; i++) {
		struct digest layer;

		if (digest_parse(layers->items[i], &layer))
			return error_set(e, ERROR_INTERNAL, "the store names a layer by \"%s\", which is no digest", layers->items[i]);
		if (!comes_again(layers, i) && load_layer(places, store, &layer, image, e))
			return -1;
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
	trace_step("image", "find it");
	if (load_layers(places, store, &record.layers, image, e))
		return -1;
	trace_step("image", "layers");
	image->digest = alloc_copy(record.image);
	image->config_digest = alloc_copy(record.config);
	list_copy(&image->diff_ids, &record.layers);
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
	autoclose int lock = store_lock(store, e);
	struct unpack_wish wish = { .reference = reference, .words = image->reference, .is_rootless = places->rootless };
	autofree char *digest = NULL;
	int found;

	if (lock < 0)
		return -1;
	/* Another box may have unpacked it while this one waited. */
	found = look_up(places, store, reference, image, e);
	if (found < 0 || found == LOOKUP_HIT)
		return found < 0 ? -1 : 0;
	wish.is_known = found == LOOKUP_CHANGED;
	if (found == LOOKUP_MISS)
		log_info("unpacking %s", image->reference);
	if (unpack_request(store, &wish, &digest, e))
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

/* A name with a digest is met by any name of the same repository with that digest, and by nothing that is only called so. */
static bool is_same(const struct descriptor *entry, const struct image_name *name, const char *words)
{
	const char *called = index_name_of(entry), *source = list_env_get(&entry->annotations, INDEX_SOURCE);
	const char *behind = called && name->digest ? image_name_behind(name, called) : NULL;

	if (!name->digest)
		return text_equal(called, words);
	return behind && *behind && (strcmp(entry->digest, name->digest) == 0 || text_equal(source, name->digest));
}

/* The entry's image digest, and what the registry calls it (both to be freed); NULL where the store has no such name. */
static char *find_name(int store, const struct image_name *name, char **ret_source, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	autofree char *words = image_name_text(name);

	if (index_read(store, &index, e))
		return NULL;
	for (size_t i = 0; i < index.count; i++) {
		const char *source = list_env_get(&index.items[i].annotations, INDEX_SOURCE);

		if (!is_same(&index.items[i], name, words))
			continue;
		if (ret_source)
			*ret_source = alloc_copy(source ? source : index.items[i].digest);
		return alloc_copy(index.items[i].digest);
	}
	return NULL;
}

/* Whether the image is for the platform "OS/ARCHITECTURE[/VARIANT]" or "ARCHITECTURE" that was asked for. */
static bool serves(const struct image *image, const char *platform)
{
	const char *architecture = platform ? strchr(platform, '/') : NULL;
	size_t length;

	if (!platform || !image->config.architecture)
		return true;
	architecture = architecture ? architecture + 1 : platform;
	length = strcspn(architecture, "/");
	return strlen(image->config.architecture) == length && strncmp(architecture, image->config.architecture, length) == 0;
}

/* An image that the store has by that name. */
static int look_up_name(const struct places *places, int store, const struct image_name *name, const char *platform, struct image *image,
			struct error *e)
{
	struct error ignored = { 0 };
	autofree char *digest = find_name(store, name, NULL, e);

	if (!digest)
		return e->kind == ERROR_NONE ? LOOKUP_MISS : -1;
	if (load_image(places, store, digest, image, &ignored) == 0 && serves(image, platform))
		return LOOKUP_HIT;
	log_debug("image store: %s", ignored.text);
	start_again(image);
	return LOOKUP_MISS;
}

/* One pull of a name at a time: the second finds what the first has brought. Their number is bounded by the sweep of downloads. */
static int lock_name(int store, const char *name, struct error *e)
{
	autofree char *path = store_slot(store, "downloads", "pull-", name, e);
	int lock = path ? file_lock(store, path, /* wait= */ true, e) : -1;

	return lock >= 0 ? lock : error_in(e, "wait for another pull of %s", name);
}

static int pull_name(int store, const struct image_name *name, const struct image_options *options, struct image_pulled *ret,
		     struct error *e)
{
	struct image_pulled pulled = { .name = image_name_text(name) };
	autofree char *written = image_name_written(name);
	struct pull_request request = { .store = store, .name = pulled.name, .written = written, .platform = options->platform,
					      .progress = options->progress, .data = options->data };
	autoclose int lock = lock_name(store, pulled.name, e);
	int result = -1;

	if (lock >= 0) {
		free(find_name(store, name, &pulled.before, e));
		request.is_known = pulled.before != NULL;
		if (options->begins)
			options->begins(pulled.name, options->data);
		result = e->kind == ERROR_NONE ? pull_request(&request, &pulled.image, &pulled.digest, e) : -1;
	}
	/* What box build has made here is called so, and most often somebody means that, and not a registry on this host. */
	if (result && e->kind == ERROR_NETWORK && text_starts(pulled.name, "localhost/")) {
		e->hint[0] = '\0';
		error_hint(e, "the store has no image of this name: box images lists what there is, box build -t %s makes one", pulled.name);
	}
	if (result) {
		image_pulled_release(&pulled);
		return -1;
	}
	*ret = pulled;
	return 0;
}

void image_pulled_release(struct image_pulled *pulled)
{
	int saved = errno;

	free(pulled->name);
	free(pulled->digest);
	free(pulled->image);
	free(pulled->before);
	*pulled = (struct image_pulled){ 0 };
	errno = saved;
}

static int fetch(const struct places *places, int store, const struct image_name *name, const struct image_options *options,
		 struct image *image, struct error *e)
{
	autorelease(image_pulled) struct image_pulled pulled = { 0 };

	if (options->pull == PULL_NEVER) {
		autofree char *words = image_name_text(name);

		error_set(e, ERROR_MISSING, "the image %s is not in the store, and --pull never forbids to fetch it", words);
		return error_hint(e, "box pull %s", words);
	}
	if (pull_name(store, name, options, &pulled, e))
		return -1;
	return load_image(places, store, pulled.image, image, e);
}

bool image_is_locked(const struct image *image, const struct lock_platform *locked)
{
	if (!text_equal(image->config_digest, locked->config) || image->diff_ids.count != locked->diff_ids.count)
		return false;
	for (size_t i = 0; i < image->diff_ids.count; i++)
		if (strcmp(image->diff_ids.items[i], locked->diff_ids.items[i]) != 0)
			return false;
	return true;
}

/* The locked image in the store, whatever it is called there. */
static int look_up_locked(const struct places *places, int store, const struct lock_platform *locked, struct image *image, struct error *e)
{
	autorelease(index) struct index index = { 0 };
	struct error ignored = { 0 };

	if (load_image(places, store, locked->manifest, image, &ignored) == 0)
		return LOOKUP_HIT;
	start_again(image);
	if (index_read(store, &index, e))
		return -1;
	/* From an archive it may have got a manifest of its own. */
	for (size_t i = 0; i < index.count; i++) {
		error_clear(&ignored);
		if (load_image(places, store, index.items[i].digest, image, &ignored) == 0 && image_is_locked(image, locked))
			return LOOKUP_HIT;
		start_again(image);
	}
	return LOOKUP_MISS;
}

static int resolve_locked(const struct places *places, int store, const struct image_name *name, const struct image_options *options,
			  struct image *image, struct error *e)
{
	struct image_name pinned = *name; /* borrows */
	int found = look_up_locked(places, store, options->locked, image, e);

	pinned.digest = options->locked->manifest;
	if (found == LOOKUP_MISS && fetch(places, store, &pinned, options, image, e))
		return error_in(e, "the locked image");
	if (found < 0 || image_is_locked(image, options->locked))
		return found < 0 ? -1 : 0;
	return error_set(e, ERROR_IMAGE, "the image %s has another configuration, or other layers, than the lock says of it", image->digest);
}

static int resolve_name(const struct places *places, const struct image_name *name, const struct image_options *options,
			struct image *image, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	int found = LOOKUP_MISS;

	if (store < 0)
		return -1;
	if (options->locked)
		return resolve_locked(places, store, name, options, image, e);
	if (options->pull != PULL_ALWAYS)
		found = look_up_name(places, store, name, options->platform, image, e);
	if (found < 0 || found == LOOKUP_HIT)
		return found < 0 ? -1 : 0;
	return fetch(places, store, name, options, image, e);
}

static const struct image_options defaults;

int image_pull(const struct places *places, const char *reference_words, const struct image_options *options, struct image_pulled *ret,
	       struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };
	autoclose int store = -1;

	if (reference_parse(reference_words, &reference, e))
		return -1;
	if (reference.kind != REFERENCE_REGISTRY)
		return error_set(e, ERROR_USAGE, "pull %s: it lies on this host already", reference_words);
	store = store_open(places->store, e);
	return store < 0 ? -1 : pull_name(store, &reference.name, options ? options : &defaults, ret, e);
}

int image_resolve(const struct places *places, const char *reference_words, const struct image_options *options, struct image *ret,
		  struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };
	struct image image = { .pin = -1 };
	int result = 0;

	if (reference_parse(reference_words, &reference, e))
		return -1;
	image.reference = alloc_copy(reference_words);
	if (reference.kind == REFERENCE_FOLDER)
		add_layer(&image, alloc_copy(reference.path), -1, LAYER_IDS_CONTAINER);
	else if (reference.kind == REFERENCE_REGISTRY)
		result = resolve_name(places, &reference.name, options ? options : &defaults, &image, e);
	else
		result = resolve_stored(places, &reference, &image, e);
	if (result) {
		image_release(&image);
		return -1;
	}
	*ret = image;
	return 0;
}

int image_stored(const struct places *places, const char *reference, const char *digest, struct image *ret, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	struct image image = { .pin = -1, .reference = alloc_copy(reference) };

	if (store < 0 || load_image(places, store, digest, &image, e)) {
		image_release(&image);
		return store < 0 ? -1 : error_in(e, "find the image %s in the store", reference);
	}
	*ret = image;
	return 0;
}

int image_open_layers(const struct places *places, const struct list *diff_ids, struct layer **ret, size_t *ret_count, struct error *e)
{
	autoclose int store = store_open(places->store, e);
	struct image image = { .pin = -1 };
	int result = store < 0 ? -1 : load_layers(places, store, diff_ids, &image, e);

	if (result == 0) {
		*ret = take_ptr(&image.layers);
		*ret_count = image.layer_count;
		image.layer_count = 0;
	}
	image_release(&image);
	return result;
}

void image_close_layers(struct layer *layers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		layer_release(&layers[i]);
	free(layers);
}
