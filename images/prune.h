/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - the store gives back what it does not need.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct places;

/* What builds keep for the next ones: the result of a step, or a cache mount. */
struct prune_cached {
	char *name;          /* of its file, below the store */
	char *layer, *blob;  /* digests of what the result is; NULL: nothing that takes space */
	int64_t bytes;       /* of its own, beside those two */
	int64_t used_s;      /* when it was last used */
	bool is_mount;
	bool is_removed;     /* set by who removes it */
};

/* What was removed, or would be. */
struct prune_report {
	void (*image)(const char *name, int64_t last_use_s, void *data); /* told for each name, or the digest of one without */
	void *data;
	int images;
	int used; /* images that would go, but that somebody uses */
	int blobs, layers; /* that no image needs any more */
	int results, mounts; /* of builds that went */
	int64_t bytes;     /* freed */
	int64_t cached_bytes; /* of these, without layers and blobs, what results and cache mounts took */
	int64_t left;      /* bytes of blobs and layers that stay */
	bool is_pulling;   /* a pull is under way: blobs without an image may be its own, and stay */
	bool is_building;  /* a build is under way (build_pin.h): all blobs and layers may be its own, and stay */
};

struct prune_options {
	bool all;      /* also images with names */
	bool dry_run;
	int64_t until; /* only images last used before this (seconds since 1970); 0: all */
	int64_t keep;  /* the store may have so many bytes: images, results of steps and cache mounts go, what was last used longest ago
			* first, until it does; -1: all go, but of cache mounts only with all */
	struct prune_cached *cached; /* of all builds */
	size_t cached_count;
	/* Removes one: 0; 1: somebody uses it. */
	int (*drop)(const struct prune_cached *item, void *data, struct error *e);
	void *data;
};

/*
 * Removes images that no container and no lock file uses: those without a name (and whose archive is gone), or all; results of steps and
 * cache mounts as prune_options has it; and whatever blobs and layers no image and no result needs. While somebody builds nothing of builds
 * goes. The order is as in store_remove.h: a crash leaves nothing that the next prune does not find.
 */
int store_prune(const struct places *places, const struct prune_options *options, struct prune_report *report, struct error *e);
