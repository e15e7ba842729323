/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_remove.c - an image leaves the store.
 *
 * Layers are moved to staging, where box-image's sweep empties them: an ordinary user may not remove files of its subordinate ids, and a
 * sandbox as their owner does it.
 */
#include "images/app_images.h"
#include "images/store_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/layer.h"
#include "images/record.h"
#include "images/store.h"
#include "images/unpack_request.h"

int store_each_record(int store, int (*tell)(struct image_record *record, void *data, struct error *e), void *data, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "images", 0);
	struct dirent *entry;

	if (!entries)
		return error_sys(e, "read the folder images of the store");
	while ((errno = 0, entry = readdir(entries))) {
		autorelease(image_record) struct image_record record = { 0 };
		struct digest image;

		if (digest_parse_file_name(entry->d_name, ".json", &image))
			continue; /* no record */
		/* Where a record cannot be read nobody knows what it needs. */
		if (image_record_read(store, &image, &record, e) || tell(&record, data, e))
			return -1;
	}
	return errno ? error_sys(e, "read the folder images of the store") : 0;
}

struct spared {
	const char *image;   /* the one that goes */
	struct list *layers; /* those that another one needs become "" */
};

static int spare_layers(struct image_record *record, void *data, struct error *e)
{
	const struct spared *spared = data;

	(void)e;
	if (strcmp(record->image, spared->image) == 0)
		return 0;
	for (size_t i = 0; i < spared->layers->count; i++)
		if (list_has(&record->layers, spared->layers->items[i]))
			spared->layers->items[i][0] = '\0';
	return 0;
}

/* layers/DIGEST becomes staging/NAME/layer. */
int store_remove_layer(int store, const struct digest *layer, struct error *e)
{
	autofree char *from = layer_folder(layer);
	char name[STORE_NAME];
	autoclose int staging = -1;

	if (faccessat(store, from, F_OK, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_sys(e, "look at %s in the image store", from);
	staging = store_staging_make(store, name, e);
	if (staging < 0)
		return -1;
	if (renameat(store, from, staging, "layer"))
		return error_sys(e, "set the layer %s of the store aside", from);
	return 0;
}

int store_claim(int store, const struct digest *image)
{
	autofree char *path = image_record_path(image);
	autoclose int fd = openat(store, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? take_fd(&fd) : -1;
}

static int claim(int store, const struct digest *image, const char *name, struct error *e)
{
	int fd = store_claim(store, image);

	if (fd >= 0)
		return fd;
	if (errno != EWOULDBLOCK)
		return error_sys(e, "lock the store's record of %s", name);
	error_set(e, ERROR_EXISTS, "remove the image %s: a container uses it", name);
	return error_hint(e, "box ps shows which; box rm -f NAME ends it");
}

/* An app in the background starts from it again, whether it runs now or not. */
static int refuse_apps(int store, const char *image, const char *name, struct error *e)
{
	autorelease(list) struct list digests = { 0 };

	if (app_images_digests(store, &digests, e))
		return -1;
	if (!list_has(&digests, image))
		return 0;
	error_set(e, ERROR_EXISTS, "remove the image %s: an app in the background is started from it", name);
	return error_hint(e, "box ps -a shows which; box rm NAME removes it");
}

int store_remove_blob(int store, const char *words, struct error *e)
{
	struct digest digest;
	autofree char *path = digest_parse(words, &digest) ? NULL : store_blob_path(&digest);

	if (path && unlinkat(store, path, 0) && errno != ENOENT)
		return error_sys(e, "remove %s from the image store", path);
	return 0;
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
	if (refuse_apps(store, image, name, e))
		return -1;
	if (is_known) {
		pin = claim(store, &digest, name, e);
		if (pin < 0)
			return -1;
	}
	if (index_remove(store, name, e) || store_each_record(store, spare_layers, &(struct spared){ image, &record.layers }, e))
		return -1;
	if (is_known && unlinkat(store, path, 0))
		return error_sys(e, "remove the store's record %s", path);
	for (size_t i = 0; i < record.layers.count; i++) {
		struct digest layer;

		if (digest_parse(record.layers.items[i], &layer) == 0 && store_remove_layer(store, &layer, e))
			return -1;
	}
	for (size_t i = 0; i < blobs->count; i++)
		(void)store_remove_blob(store, blobs->items[i], &missing); /* what nothing leads to is harmless where it stays */
	return sweep_request(store, e);
}
