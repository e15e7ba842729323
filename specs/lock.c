/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - app.lock.json: tables, checks, writing.
 */
#include "specs/lock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/schema.h"

enum { FILE_LIMIT = 4 << 20 };

#define DIGEST_PATTERN "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"

/* Rows are in the order of their keys, because that is the order in which they are written. */
static const struct field platform_fields[] = {
	{ "config", FIELD_TEXT, offsetof(struct lock_platform, config), .flags = FIELD_REQUIRED,
	  .pattern = DIGEST_PATTERN, .help = "Digest of the image's configuration." },
	{ "diff_ids", FIELD_TEXT_LIST, offsetof(struct lock_platform, diff_ids), .flags = FIELD_REQUIRED,
	  .help = "Digests of the uncompressed layers, lowest first." },
	{ "layers", FIELD_TEXT_LIST, offsetof(struct lock_platform, layers), .flags = FIELD_REQUIRED,
	  .help = "Digests of the layers as the manifest has them, lowest first." },
	{ "manifest", FIELD_TEXT, offsetof(struct lock_platform, manifest), .flags = FIELD_REQUIRED,
	  .pattern = DIGEST_PATTERN, .help = "Digest of the manifest." },
	{ 0 },
};

static const struct field image_fields[] = {
	{ "digest", FIELD_TEXT, offsetof(struct lock_image, digest), .flags = FIELD_REQUIRED, .pattern = DIGEST_PATTERN,
	  .help = "Digest of the manifest, or of the index of several platforms." },
	{ "platforms", FIELD_OBJECT_MAP, offsetof(struct lock_image, platforms), .flags = FIELD_REQUIRED,
	  .sub = platform_fields, .size = sizeof(struct lock_platform),
	  .count_offset = offsetof(struct lock_image, platform_count),
	  .help = "The image of each platform, by \"os/architecture\" or \"os/architecture/variant\"." },
	{ 0 },
};

static const struct field file_fields[] = {
	{ "digest", FIELD_TEXT, offsetof(struct lock_file, digest), .flags = FIELD_REQUIRED, .pattern = DIGEST_PATTERN,
	  .help = "Digest of the content; of a tar: uncompressed." },
	{ 0 },
};

#define FILES(key, member, words)                                                                                      \
	{                                                                                                              \
		key, FIELD_OBJECT_MAP, offsetof(struct lock, member),                                                  \
			.sub = file_fields, .size = sizeof(struct lock_file),                                          \
			.count_offset = offsetof(struct lock, member##_count), .help = words                           \
	}

static const struct field lock_table[] = {
	{ "controllers", FIELD_TEXT_LIST, offsetof(struct lock, controllers),
	  .help = "Cgroup controllers that the spec needs." },
	{ "features", FIELD_TEXT_LIST, offsetof(struct lock, features),
	  .help = "What the kernel has to have, in the words of box doctor." },
	{ "images", FIELD_OBJECT_MAP, offsetof(struct lock, images), .sub = image_fields,
	  .size = sizeof(struct lock_image), .count_offset = offsetof(struct lock, image_count),
	  .help = "Images, as the spec names them." },
	FILES("rootfs", rootfs, "Archives that are root file systems, as the spec names them."),
	FILES("seccomp", seccomp, "Seccomp profiles: \"default\", or the file as the spec names it."),
	{ "spec", FIELD_TEXT, offsetof(struct lock, spec), .flags = FIELD_REQUIRED, .pattern = DIGEST_PATTERN,
	  .help = "Digest of the spec: its JSON without comments and spaces, keys sorted; of a Dockerfile: of the names of its images." },
	{ "version", FIELD_INTEGER, offsetof(struct lock, version), .flags = FIELD_REQUIRED, .min = LOCK_VERSION,
	  .max = LOCK_VERSION, .help = "Of this format." },
	{ 0 },
};

static bool is_digest(const char *text)
{
	const char *digits = text + strlen("sha256:");
	size_t count = text_starts(text, "sha256:") ? 64 : text_starts(text, "sha512:") ? 128 : 0;

	return count && strlen(digits) == count && strspn(digits, "0123456789abcdef") == count;
}

/* "linux/arm64", "linux/arm/v7" */
static bool is_platform(const char *text)
{
	size_t parts = 0, length;

	do {
		length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
		text += length;
		parts++;
	} while (length && *text == '/' && *++text);
	return length && !*text && text[-1] != '/' && (parts == 2 || parts == 3);
}

static int check_digest(const char *text, const char *key, struct error *e)
{
	if (is_digest(text))
		return 0;
	error_set(e, ERROR_SPEC, "expected a digest such as \"sha256:\" and 64 digits, found \"%.150s\"", text);
	return error_at(e, "%s", key);
}

static int check_list(const struct list *list, const char *key, struct error *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (check_digest(list->items[i], "", e)) {
			e->field[0] = '\0';
			return error_at(e, "%s[%zu]", key, i);
		}
	return 0;
}

static int check_platform(const struct lock_platform *platform, struct error *e)
{
	if (!is_platform(platform->name))
		return error_set(e, ERROR_SPEC, "expected a platform such as \"linux/amd64\", found \"%.80s\"",
				 platform->name);
	if (check_digest(platform->config, "config", e) || check_digest(platform->manifest, "manifest", e) ||
	    check_list(&platform->layers, "layers", e) || check_list(&platform->diff_ids, "diff_ids", e))
		return -1;
	if (platform->layers.count == platform->diff_ids.count && platform->layers.count)
		return 0;
	error_set(e, ERROR_SPEC, "expected one per layer, found %zu for %zu layers", platform->diff_ids.count,
		  platform->layers.count);
	return error_at(e, "diff_ids");
}

static int check_image(const struct lock_image *image, struct error *e)
{
	if (check_digest(image->digest, "digest", e))
		return -1;
	for (size_t i = 0; i < image->platform_count; i++)
		if (check_platform(&image->platforms[i], e))
			return error_at(e, "platforms.%s", image->platforms[i].name);
	if (image->platform_count)
		return 0;
	error_set(e, ERROR_SPEC, "expected at least one platform");
	return error_at(e, "platforms");
}

static int check_files(const struct lock_file *files, size_t count, const char *key, struct error *e)
{
	for (size_t i = 0; i < count; i++)
		if (check_digest(files[i].digest, "digest", e))
			return error_at(e, "%s.%.150s", key, files[i].name);
	return 0;
}

static int check(const struct lock *lock, struct error *e)
{
	for (size_t i = 0; i < lock->image_count; i++)
		if (check_image(&lock->images[i], e))
			return error_at(e, "images.%.150s", lock->images[i].reference);
	return check_digest(lock->spec, "spec", e) || check_files(lock->rootfs, lock->rootfs_count, "rootfs", e) ||
			       check_files(lock->seccomp, lock->seccomp_count, "seccomp", e)
		       ? -1
		       : 0;
}

int lock_decode(const char *json, size_t length, const char *path, struct lock *ret, struct error *e)
{
	autorelease(lock) struct lock lock = { 0 };

	if (field_decode_text(json, length, path, lock_table, &lock, e))
		return -1;
	if (check(&lock, e)) {
		field_locate(json, length, path, e);
		return -1;
	}
	*ret = lock;
	lock = (struct lock){ 0 };
	return 0;
}

int lock_read(const char *path, struct lock *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };

	if (file_read(AT_FDCWD, path, FILE_LIMIT, &json, e))
		return -1;
	return lock_decode(json.data ? json.data : "", json.length, path, ret, e);
}

void lock_release(struct lock *lock)
{
	field_release(lock_table, lock);
}

/* The name is the first member of all that is sorted here. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(void *items, size_t count, size_t size)
{
	if (count)
		qsort(items, count, size, by_name);
}

void lock_dump(struct lock *lock, struct text *ret)
{
	sort(lock->images, lock->image_count, sizeof *lock->images);
	for (size_t i = 0; i < lock->image_count; i++)
		sort(lock->images[i].platforms, lock->images[i].platform_count, sizeof *lock->images[i].platforms);
	sort(lock->rootfs, lock->rootfs_count, sizeof *lock->rootfs);
	sort(lock->seccomp, lock->seccomp_count, sizeof *lock->seccomp);
	sort(lock->features.items, lock->features.count, sizeof *lock->features.items);
	sort(lock->controllers.items, lock->controllers.count, sizeof *lock->controllers.items);
	field_dump(lock_table, lock, ret);
}

char *lock_path(const char *spec)
{
	size_t length = strlen(spec) - (text_ends(spec, ".json") ? strlen(".json") : 0);

	return text_format("%.*s.lock.json", (int)length, spec);
}

const struct lock_image *lock_find_image(const struct lock *lock, const char *reference)
{
	for (size_t i = 0; i < lock->image_count; i++)
		if (strcmp(lock->images[i].reference, reference) == 0)
			return &lock->images[i];
	return NULL;
}

const struct lock_file *lock_find_file(const struct lock_file *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

struct lock_image *lock_add_image(struct lock *lock, const char *reference)
{
	struct lock_image *image = alloc_append(&lock->images, &lock->image_count, sizeof *image);

	image->reference = alloc_copy(reference);
	return image;
}

void lock_add_file(struct lock_file **files, size_t *count, const char *name, const char *digest)
{
	struct lock_file *file = alloc_append(files, count, sizeof *file);

	*file = (struct lock_file){ .name = alloc_copy(name), .digest = alloc_copy(digest) };
}

struct lock_platform *lock_add_platform(struct lock_image *image, const char *name)
{
	struct lock_platform *platform;

	for (size_t i = 0; i < image->platform_count; i++)
		if (strcmp(image->platforms[i].name, name) == 0)
			return &image->platforms[i];
	platform = alloc_append(&image->platforms, &image->platform_count, sizeof *platform);
	platform->name = alloc_copy(name);
	return platform;
}

void lock_schema(struct text *ret)
{
	json_t *schema = json_pack("{s:s, s:s}", "$schema", "http://json-schema.org/draft-07/schema#", "title",
				   "app.lock.json: what box lock found an app.json to mean");

	json_object_update_new(schema, schema_object(lock_table));
	field_print(schema, ret);
	json_decref(schema);
}
