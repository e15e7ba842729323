/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - the small JSON files of the store.
 */
#include "images/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "specs/field.h"

enum { RECORD_LIMIT = 1 << 20 };

static const int64_t racy_ns = INT64_C(2000000000);

static const struct field image_fields[] = {
	{ "image", FIELD_TEXT, offsetof(struct image_record, image), .flags = FIELD_REQUIRED,
	  .help = "digest of the image" },
	{ "config", FIELD_TEXT, offsetof(struct image_record, config), .help = "digest of its configuration" },
	{ "layers", FIELD_TEXT_LIST, offsetof(struct image_record, layers), .flags = FIELD_REQUIRED,
	  .help = "digests of its layers" },
	{ 0 },
};

#define NUMBER(key, member)                                                                                            \
	{                                                                                                              \
		key, FIELD_INTEGER, offsetof(struct source_record, member), .min = INT64_MIN, .max = INT64_MAX,        \
									    .help = "of the file"                      \
	}

static const struct field source_fields[] = {
	{ "path", FIELD_TEXT, offsetof(struct source_record, path), .help = "where it was" },
	{ "tag", FIELD_TEXT, offsetof(struct source_record, tag), .help = "the tag that was named" },
	{ "image", FIELD_TEXT, offsetof(struct source_record, image), .flags = FIELD_REQUIRED,
	  .help = "digest of what it holds" },
	NUMBER("device", device),
	NUMBER("inode", inode),
	NUMBER("size", size),
	NUMBER("modified_ns", modified_ns),
	NUMBER("changed_ns", changed_ns),
	NUMBER("written_ns", written_ns),
	{ 0 },
};

char *image_record_path(const struct digest *image)
{
	char name[DIGEST_TEXT];

	digest_file_name(image, name);
	return text_format("images/%s.json", name);
}

/* Every digest of a record is parsed again before a path is made of it. An image that was built from scratch may have no layer; what has
 * no configuration is a layer. */
static int check_digests(const struct image_record *record, const char *path, struct error *e)
{
	struct digest digest;

	if (digest_parse(record->image, &digest) || (record->config && digest_parse(record->config, &digest)) ||
	    (!record->config && !record->layers.count))
		return error_set(e, ERROR_INTERNAL, "the store's record %s is broken", path);
	for (size_t i = 0; i < record->layers.count; i++)
		if (digest_parse(record->layers.items[i], &digest))
			return error_set(e, ERROR_INTERNAL, "the store's record %s is broken", path);
	return 0;
}

int image_record_read(int store, const struct digest *image, struct image_record *ret, struct error *e)
{
	autofree char *path = image_record_path(image);
	autorelease(text) struct text json = { 0 };
	autorelease(image_record) struct image_record record = { 0 };

	if (file_read(store, path, RECORD_LIMIT, &json, e))
		return error_in(e, "read the store's record of the image");
	if (field_decode_text(json.data ? json.data : "", json.length, path, image_fields, &record, e))
		return error_in(e, "read the store's record of the image");
	if (check_digests(&record, path, e))
		return -1;
	*ret = record;
	record = (struct image_record){ 0 };
	return 0;
}

int image_record_write(int store, const struct image_record *record, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	autofree char *path = NULL;
	struct digest digest;

	if (digest_parse(record->image, &digest))
		return error_set(e, ERROR_INTERNAL, "record the image \"%s\": it is no digest",
				 record->image ? record->image : "");
	path = image_record_path(&digest);
	if (faccessat(store, path, F_OK, 0) == 0)
		return 0;
	field_dump(image_fields, record, &json);
	return file_replace(store, path, json.data, json.length, 0600, e);
}

int image_record_each(int store, int (*tell)(struct image_record *record, void *data, struct error *e), void *data, struct error *e)
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

void image_record_release(struct image_record *record)
{
	field_release(image_fields, record);
}

/* The tag is any text: its FNV-1a hash tells records apart, and the record itself holds the text that counts. */
static char *source_path(enum reference_kind kind, int64_t device, int64_t inode, const char *tag)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *c = tag; c && *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
	return text_format("sources/%s-%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".json", reference_kind_name(kind),
			   (uint64_t)device, (uint64_t)inode, tag ? hash : 0);
}

int source_record_read(int store, const struct reference *reference, const struct stat *st, struct source_record *ret,
		       struct error *e)
{
	autofree char *path = source_path(reference->kind, (int64_t)st->st_dev, (int64_t)st->st_ino, reference->tag);
	autorelease(text) struct text json = { 0 };
	autorelease(source_record) struct source_record record = { 0 };

	if (file_read(store, path, RECORD_LIMIT, &json, e))
		return -1;
	if (field_decode_text(json.data ? json.data : "", json.length, path, source_fields, &record, e))
		return -1;
	*ret = record;
	record = (struct source_record){ 0 };
	return 0;
}

int source_record_write(int store, enum reference_kind kind, const struct source_record *record, struct error *e)
{
	autofree char *path = source_path(kind, record->device, record->inode, record->tag);
	autorelease(text) struct text json = { 0 };

	field_dump(source_fields, record, &json);
	return file_replace(store, path, json.data, json.length, 0600, e);
}

void source_record_release(struct source_record *record)
{
	field_release(source_fields, record);
}

int source_record_each(int store, int (*tell)(struct source_record *record, void *data, struct error *e), void *data, struct error *e)
{
	autoclosedir DIR *entries = folder_open(store, "sources", 0);
	struct dirent *entry;

	if (!entries)
		return error_sys(e, "read the folder sources of the store");
	while ((errno = 0, entry = readdir(entries))) {
		autorelease(source_record) struct source_record record = { 0 };
		autorelease(text) struct text json = { 0 };
		struct error ignored = { 0 };
		int told;

		if (!text_ends(entry->d_name, ".json") || file_read(dirfd(entries), entry->d_name, RECORD_LIMIT, &json, &ignored) ||
		    field_decode_text(json.data ? json.data : "", json.length, entry->d_name, source_fields, &record, &ignored))
			continue;
		told = tell(&record, data, e);
		if (told < 0)
			return -1;
		if (told > 0 && unlinkat(dirfd(entries), entry->d_name, 0))
			return error_sys(e, "remove the store's record sources/%s", entry->d_name);
	}
	return errno ? error_sys(e, "read the folder sources of the store") : 0;
}

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

void source_record_stat(const struct stat *st, struct source_record *ret)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	ret->device = (int64_t)st->st_dev;
	ret->inode = (int64_t)st->st_ino;
	ret->size = st->st_size;
	ret->modified_ns = nanoseconds(&st->st_mtim);
	ret->changed_ns = nanoseconds(&st->st_ctim);
	ret->written_ns = nanoseconds(&now);
}

bool source_record_is_true(const struct source_record *record, const struct stat *st, const char *tag)
{
	struct source_record now = { 0 };

	source_record_stat(st, &now);
	return record->device == now.device && record->inode == now.inode && record->size == now.size &&
	       record->modified_ns == now.modified_ns && record->changed_ns == now.changed_ns &&
	       text_equal(record->tag, tag) && record->modified_ns < record->written_ns - racy_ns &&
	       record->changed_ns < record->written_ns - racy_ns;
}
