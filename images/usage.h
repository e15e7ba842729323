/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.h - what every image of the store needs, and who needs the image.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct catalogue;
struct error;

struct usage_image {
	char *image;        /* digest of the manifest, or of a plain tar */
	struct list names;  /* in index.json */
	struct list blobs;  /* digests, also of the manifest and of the index that it was chosen from */
	struct list layers; /* digests of what is unpacked */
	bool is_removed;    /* set by who removes it */

	/* By usage_ask. */
	bool is_named;  /* somebody gave it a name, or the file that it came from is still there */
	bool is_used;   /* by a container, an app in the background, or a lock file */
	int64_t used_s; /* when it was last used */
};

struct usage {
	struct usage_image *items;
	size_t count;
};

/* What every image needs. catalogue is of the same store; what is not in it needs only its layers. The caller holds store_lock. */
int usage_read(int store, const struct catalogue *catalogue, struct usage *ret, struct error *e);
void usage_release(struct usage *usage);

/* Who needs the images. */
int usage_ask(int store, struct usage *usage, struct error *e);

/* The image with that digest, borrowed; an empty one is added where the store has none. */
struct usage_image *usage_image(struct usage *usage, const char *image);

/* What the images that are not removed need. */
void usage_needs(const struct usage *usage, struct list *ret_blobs, struct list *ret_layers);
