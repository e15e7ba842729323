/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locking.h - a lock beside the spec that runs.
 *
 *     locking_begin      finds the lock; spec and profile are compared with it
 *     locking_choose     what image it names
 *     locking_begin_build, locking_image, locking_compare_image    the same for the bases of a build
 *     locking_compare    whether that is what was found
 *     locking_host       whether this host has what it needs (only where nothing else is allowed)
 *
 * What does not agree is a warning, or, with is_strict, an error. A damaged lock is always an error.
 */
#pragma once

#include <stdbool.h>

#include "specs/lock.h"

struct app;
struct container;
struct error;
struct image;
struct list;
struct places;

struct locking {
	bool is_strict;  /* --locked */
	bool has_source; /* --from: another image than the locked one is an error in any case */
	bool is_there;   /* there is a lock */
	bool is_quiet;   /* the same file was compared before, for another of its services: what would be a warning was said */
	char *spec;      /* the file */
	char *path;      /* of the lock */
	struct lock lock;
	const struct lock_platform *image; /* chosen; NULL: none */
	const struct lock_file *rootfs;    /* likewise */
};

int locking_begin(struct locking *locking, const struct app *app, struct error *e);
/* For a build: digest is what the lock's "spec" has to be; NULL: anything. */
int locking_begin_build(struct locking *locking, const char *digest, struct error *e);
/* Which image a base is. *ret NULL: nobody says. platform as below. */
int locking_image(const struct locking *locking, const char *reference, const char *platform, const struct lock_platform **ret,
		  struct error *e);
/* Whether it is what was found; locked: or NULL. */
int locking_compare_image(const struct locking *locking, const char *reference, const struct lock_platform *locked,
			  const struct image *image, struct error *e);
/* platform: "linux/arm64", or NULL: this host's. */
int locking_choose(struct locking *locking, const struct app *app, const char *platform, struct error *e);
/* words: where the image came from. */
int locking_compare(const struct locking *locking, const char *words, const struct image *image, struct error *e);
int locking_host(const struct locking *locking, const struct places *places, const struct container *container,
		 struct error *e);
void locking_release(struct locking *locking);

/* The word for a container's filter in a lock: "default", a file, "oci"; NULL: none. Borrowed. */
const char *locking_seccomp_word(const struct app *app, const struct container *policy);
/* Digests of the spec, and of the JSON behind the filter; to be freed. NULL: the file of the profile cannot be read. */
char *locking_spec_digest(const struct app *app);
/* What stands for a Dockerfile: the images that it names, sorted. Its steps may change. */
char *locking_images_digest(const struct list *images);
char *locking_seccomp_digest(const struct container *policy, struct error *e);
