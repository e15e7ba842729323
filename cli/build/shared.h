/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.h - a cache that several machines share: --cache-from and --cache-to.
 *
 * Such a cache is an image, so that pulls, digests and sandboxes are those of any image: its layers are the chains of stages, and a label
 * says which step's key each layer belongs to (images/build/cache_records.h). In a folder it is the archive "cache.tar", with cache mounts
 * beside it as "mount-ID.tar" (shared_mounts.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "images/image.h"

struct build_work;
struct commit_layer;
struct error;
struct stage;

/* One --cache-from or --cache-to. */
struct shared_cache {
	bool is_registry;
	char *place;      /* the image's name, or the folder */
	bool is_whole;    /* mode=max: every stage, not only what the target consists of */
	bool may_fail;    /* ignore-error */
	struct text secret; /* that proves who wrote it; empty: none */
	struct list mounts; /* ids of cache mounts; "all" */
	char *records;      /* of the image's label; NULL: not read, or there is none */
	struct image image; /* once it was fetched */
	struct image_parts *parts; /* of that; NULL: it was not */
};

/* Takes the options apart, and fetches cache mounts that this store does not have. */
int build_shared_open(struct build_work *work, struct error *e);
void build_shared_release(struct build_work *work);

/* Whether a shared cache has the layer of the key. The first question reads what they have, and the first hit fetches the layers; a cache
 * that cannot be had is told, and no error. */
bool build_shared_find(struct build_work *work, const char *key, struct commit_layer *ret);

/* Writes them, once the image is there. */
int build_shared_write(struct build_work *work, struct error *e);

/* shared_mounts.c. Of one folder. */
int build_shared_read_mounts(struct build_work *work, const struct shared_cache *shared, struct error *e);
int build_shared_write_mounts(struct build_work *work, const struct shared_cache *shared, struct error *e);
