/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.c - what every image of the store needs, and who needs the image.
 */
#include "images/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/app_images.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/lock_files.h"
#include "images/record.h"
#include "images/referrers.h"
#include "images/store.h"

void usage_release(struct usage *usage)
{
	int saved = errno;

	for (size_t i = 0; i < usage->count; i++) {
		free(usage->items[i].image);
		list_release(&usage->items[i].names);
		list_release(&usage->items[i].blobs);
		list_release(&usage->items[i].layers);
	}
	free(usage->items);
	*usage = (struct usage){ 0 };
	errno = saved;
}

struct usage_image *usage_image(struct usage *usage, const char *image)
{
	struct usage_image *item;

	for (size_t i = 0; i < usage->count; i++)
		if (strcmp(usage->items[i].image, image) == 0)
			return &usage->items[i];
	item = alloc_append(&usage->items, &usage->count, sizeof *item);
	*item = (struct usage_image){ .image = alloc_copy(image) };
	return item;
}

static void add_once(struct list *list, const char *word)
{
	if (word && !list_has(list, word))
		list_add(list, word);
}

static void add_entry(struct usage *usage, const struct catalogue_entry *entry)
{
	struct usage_image *item = usage_image(usage, entry->image);

	list_add(&item->names, entry->name);
	/* What has no name is listed by its digest. */
	item->is_named = item->is_named || strcmp(entry->name, entry->image) != 0;
	add_once(&item->blobs, entry->image);
	add_once(&item->blobs, entry->digest);
	add_once(&item->blobs, entry->config.digest);
	for (size_t i = 0; i < entry->layer_count; i++)
		add_once(&item->blobs, entry->layers[i].digest);
}

static int add_record(struct image_record *record, void *data, struct error *e)
{
	struct usage_image *item = usage_image(data, record->image);

	(void)e;
	add_once(&item->blobs, record->config);
	for (size_t i = 0; i < record->layers.count; i++)
		add_once(&item->layers, record->layers.items[i]);
	return 0;
}

/* Who runs it holds a lock on its record; when that was last the case its time says. */
static void ask_containers(int store, struct usage_image *item)
{
	struct digest digest;
	autoclose int claim = -1;
	struct stat st;

	if (digest_parse(item->image, &digest))
		return;
	claim = store_claim(store, &digest);
	item->is_used = claim < 0 && errno == EWOULDBLOCK;
	if (claim >= 0 && fstat(claim, &st) == 0)
		item->used_s = st.st_mtim.tv_sec;
}

static void ask_holders(const struct list *digests, struct usage_image *item)
{
	for (size_t i = 0; i < item->blobs.count; i++)
		item->is_used = item->is_used || list_has(digests, item->blobs.items[i]);
	item->is_used = item->is_used || list_has(digests, item->image);
}

/* "oci-archive:/srv/web.tar:1" is /srv/web.tar, "oci:/srv/web:1" is /srv/web/index.json; NULL: no file. */
static char *file_of(const struct source_record *record)
{
	const char *path = strchr(record->path ? record->path : "", '/');
	size_t length = path ? strlen(path) : 0;
	autofree char *file = NULL;
	struct stat st;

	if (!path)
		return NULL;
	if (record->tag && text_ends(path, record->tag) && length > strlen(record->tag) + 1)
		length -= strlen(record->tag) + 1;
	file = alloc_copy_bytes(path, length);
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		return text_format("%s/index.json", file);
	return take_ptr(&file);
}

static int ask_file(struct source_record *record, void *data, struct error *e)
{
	struct usage_image *item = usage_image(data, record->image);
	autofree char *path = file_of(record);
	struct stat st;

	(void)e;
	if (path && stat(path, &st) == 0 && (int64_t)st.st_ino == record->inode)
		item->is_named = true;
	return 0;
}

int usage_read(int store, const struct catalogue *catalogue, struct usage *ret, struct error *e)
{
	autorelease(usage) struct usage usage = { 0 };

	for (size_t i = 0; i < catalogue->count; i++)
		add_entry(&usage, &catalogue->items[i]);
	if (image_record_each(store, add_record, &usage, e))
		return -1;
	for (size_t i = 0; i < usage.count; i++)
		if (referrers_blobs(store, usage.items[i].image, &usage.items[i].blobs, e))
			return -1;
	*ret = usage;
	usage = (struct usage){ 0 };
	return 0;
}

int usage_ask(int store, struct usage *usage, struct error *e)
{
	autorelease(list) struct list digests = { 0 };

	if (source_record_each(store, ask_file, usage, e) || lock_files_digests(store, &digests, e) || app_images_digests(store, &digests, e))
		return -1;
	for (size_t i = 0; i < usage->count; i++) {
		ask_containers(store, &usage->items[i]);
		ask_holders(&digests, &usage->items[i]);
	}
	return 0;
}

void usage_needs(const struct usage *usage, struct list *ret_blobs, struct list *ret_layers)
{
	for (size_t i = 0; i < usage->count; i++) {
		const struct usage_image *item = &usage->items[i];

		for (size_t k = 0; !item->is_removed && k < item->blobs.count; k++)
			add_once(ret_blobs, item->blobs.items[k]);
		for (size_t k = 0; !item->is_removed && k < item->layers.count; k++)
			add_once(ret_layers, item->layers.items[k]);
	}
}
