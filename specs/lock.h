/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - app.lock.json: what one app.json was found to mean, by digests.
 *
 * A lock is trusted as app.json is. It holds no time and nothing of the host that made it, and its keys are sorted: the same facts are the
 * same bytes everywhere. Names in it are those of app.json, as written, with variables replaced.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct error;

enum { LOCK_VERSION = 1 };

/* An image for one platform. */
struct lock_platform {
	char *name; /* "linux/amd64", "linux/arm/v7" */
	char *manifest, *config;
	struct list layers;   /* digests of the blobs as the manifest has them, lowest first */
	struct list diff_ids; /* of the same layers, uncompressed */
};

struct lock_image {
	char *reference; /* "registry.example.com/acme/web:1.4", "oci:./images:web" */
	char *digest;    /* of the manifest, or of the index of several platforms */
	struct lock_platform *platforms;
	size_t platform_count;
};

/* A file that has one digest. */
struct lock_file {
	char *name; /* "./rootfs.tar", "./seccomp.json", "default" */
	char *digest;
};

struct lock {
	int64_t version;
	char *spec; /* of app.json in one fixed form: app_canonical; of a Dockerfile: of the images that it names */
	struct lock_image *images;
	size_t image_count;
	struct lock_file *rootfs; /* of tars: uncompressed */
	size_t rootfs_count;
	struct lock_file *seccomp; /* profiles: the JSON that filters are compiled from */
	size_t seccomp_count;
	struct list features;    /* of the kernel, by box doctor's words */
	struct list controllers; /* of cgroups, by v2's words */
};

/* Reads the file; every mistake in it is an error with its line. errno ENOENT in e->sys: there is none. */
int lock_read(const char *path, struct lock *ret, struct error *e);

/* The same from text; path is for messages. */
int lock_decode(const char *json, size_t length, const char *path, struct lock *ret, struct error *e);

/* Sorts all that has no order of its own, and adds the JSON. */
void lock_dump(struct lock *lock, struct text *ret);
void lock_release(struct lock *lock);

/* Where the lock of a spec lies: "app.json" has "app.lock.json". The caller frees it. */
char *lock_path(const char *spec);

/* Borrowed, or NULL. */
const struct lock_image *lock_find_image(const struct lock *lock, const char *reference);
const struct lock_file *lock_find_file(const struct lock_file *files, size_t count, const char *name);

/* One more, with that name; the rest is empty. Borrowed, until the next. */
struct lock_image *lock_add_image(struct lock *lock, const char *reference);
void lock_add_file(struct lock_file **files, size_t *count, const char *name, const char *digest);
/* The platform of image with that name, made where it is missing. Borrowed. */
struct lock_platform *lock_add_platform(struct lock_image *image, const char *name);

/* A copy of image, which belongs to another lock, under its own reference. */
void lock_copy_image(struct lock *lock, const struct lock_image *image);

/* Adds a sentence for each fact in which now differs from before. */
void lock_compare(const struct lock *before, const struct lock *now, struct list *ret);

/* The JSON Schema of app.lock.json, made from the tables. */
void lock_schema(struct text *ret);
