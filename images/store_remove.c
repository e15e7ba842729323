/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.c - an image leaves the store.
 *
 * Layers are moved to staging, where box-image's sweep empties them: an ordinary user may not remove files of its subordinate ids, and a
 * sandbox as their owner does it.
 */
#include "images/store_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/record.h"
#include "images/store.h"
#include "images/unpack_request.h"

static bool needs(const struct image_record *record, const char *layer)
{
	return list_has(&record->layers, layer);
}

/* Takes away from layers what another record needs. */
static int spare(int store, const struct digest *image, struct list *layers, struct error *e)
{
	autoclosedir DIR *entries = NULL;
	struct dirent *entry;
	int folder = openat(store, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	entries = folder >= 0 ? fdopendir(folder) : NULL;
	if (!entries) {
		error_sys(e, "read the folder images of the store");
		if (folder >= 0)
			close(folder);
		return -1;
	}
	while ((errno = 0, entry = readdir(entries))) {
		autorelease(image_record) struct image_record record = { 0 };
		struct digest other;
		autofree char *name = text_format("%s", entry->d_name);
		char *dash = strchr(name, '-');

		if (!text_ends(name, ".json") || !dash)
			continue;
		*dash = ':';
		name[strlen(name) - strlen(".json")] = '\0';
		if (digest_parse(name, &other) || digest_equal(&other, image))
			continue;
		/* Where a record cannot be read nobody knows what it needs. */
		if (image_record_read(store, &other, &record, e))
			return -1;
		for (size_t i = 0; i < layers->count; i++)
			if (layers->items[i][0] && needs(&record, layers->items[i]))
				layers->items[i][0] = '\0';
	}
	return errno ? error_sys(e, "read the folder images of the store") : 0;
}

/* layers/DIGEST becomes staging/NAME/layer. */
static int set_aside(int store, const char *layer, struct error *e)
{
	struct digest digest;
	autofree char *from = digest_parse(layer, &digest) ? NULL : layer_folder(&digest);
	char name[STORE_NAME];
	autoclose int staging = -1;

	if (!from || (!store_has_layer(store, &digest) && !layer_has_index(store, &digest)))
		return 0;
	staging = store_staging_make(store, name, e);
	if (staging < 0)
		return -1;
	if (renameat(store, from, staging, "layer"))
		return error_sys(e, "set the layer %s of the store aside", from);
	return 0;
}

/* An exclusive lock on the record: nobody has the image pinned. */
static int unpin(int store, const char *path, const char *name, struct error *e)
{
	autoclose int fd = openat(store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_sys(e, "open the store's record %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return take_fd(&fd);
	if (errno != EWOULDBLOCK)
		return error_sys(e, "lock the store's record %s", path);
	error_set(e, ERROR_EXISTS, "remove the image %s: a container uses it", name);
	return error_hint(e, "box ps shows which; box rm -f NAME ends it");
}

static void remove_blobs(int store, const struct list *blobs)
{
	for (size_t i = 0; i < blobs->count; i++) {
		struct digest digest;
		autofree char *path = digest_parse(blobs->items[i], &digest) ? NULL : store_blob_path(&digest);

		if (path)
			(void)unlinkat(store, path, 0); /* what nothing leads to is harmless where it stays */
	}
}

int store_remove_image(int store, const char *image, const char *name, const struct list *blobs, struct error *e)
{
	autorelease(image_record) struct image_record record = { 0 };
	struct digest digest;
	autofree char *path = digest_parse(image, &digest) ? NULL : image_record_path(&digest);
	struct error missing = { 0 };
	autoclose int pin = -1;
	bool is_known;

	if (!path)
		return error_set(e, ERROR_INTERNAL, "the store names the image by \"%.200s\", which is no digest", image);
	is_known = image_record_read(store, &digest, &record, &missing) == 0;
	if (!is_known && missing.sys != ENOENT) {
		*e = missing;
		return -1;
	}
	if (is_known) {
		pin = unpin(store, path, name, e);
		if (pin < 0)
			return -1;
	}
	if (index_remove(store, name, e) || spare(store, &digest, &record.layers, e))
		return -1;
	if (is_known && unlinkat(store, path, 0))
		return error_sys(e, "remove the store's record %s", path);
	for (size_t i = 0; i < record.layers.count; i++)
		if (set_aside(store, record.layers.items[i], e))
			return -1;
	remove_blobs(store, blobs);
	return sweep_request(store, e);
}
