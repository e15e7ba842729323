/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the door of images/: from what the user named to layers in the store and a configuration.
 *
 * box itself never unpacks or parses an archive: what is not in the store yet is handed to libexec/box/box-image,
 * which does it in a sandbox.
 */
#pragma once

#include <stddef.h>

#include "specs/image_config.h"

struct error;
struct layer;
struct places;

struct image {
	char *reference;      /* as the user named it */
	char *digest;         /* of the manifest ("sha256:…"), or of the tar; NULL for a folder */
	struct layer *layers; /* specs/container.h; lowest first, each once */
	size_t layer_count;
	struct image_config config; /* empty for a folder or a plain tar */
	int pin; /* a descriptor that holds the layers in the store (shared flock) while it is open, also across fork; -1: none */
};

/* Finds reference (a folder, a tar with or without gzip or zstd, oci:DIR[:TAG], oci-archive:FILE[:TAG],
 * docker-archive:FILE[:TAG]; paths absolute) in the store, unpacking it where it is not there yet (progress
 * is a word on stderr when it takes long). */
int image_resolve(const struct places *places, const char *reference, struct image *ret, struct error *e);
void image_release(struct image *image);
