/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_parts.h - what an image that is being built consists of so far: its layers and how each came about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct commit_layer;
struct descriptor;
struct error;
struct places;

struct image_parts {
	char *base_name,
		*base_digest; /* of the image that it begins with: as the user named it, and of its manifest; NULL: from nothing */
	struct list diff_ids;      /* of the uncompressed layers, lowest first */
	struct descriptor *layers; /* the same ones' blobs */
	size_t layer_count;
	struct text history; /* items of a JSON array, with commas between them */
};

/* Those of an image of the store, by its manifest's digest. Its layers and their blobs stay what they are; the words of Docker's
 * manifests for
 * them become OCI's. base_name: or NULL. */
int image_parts_read(const struct places *places, const char *manifest, const char *base_name, struct image_parts *ret,
		     struct error *e);

/* A stage that begins with another one. */
void image_parts_copy(struct image_parts *to, const struct image_parts *from); /* to is released first */
void image_parts_release(struct image_parts *parts);

/* The layers of from on top of those of to; no history. */
void image_parts_add_layers(struct image_parts *to, const struct image_parts *from);

/* One step more. layer: what came of it; NULL, or with a diff_id of NULL: no layer. */
void image_parts_add(struct image_parts *parts, const char *created_by, const struct commit_layer *layer,
		     int64_t epoch);
