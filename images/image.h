/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the door of images/: from what the user named to layers in the store and a configuration.
 *
 * box itself never unpacks or parses an archive: what is not in the store yet is handed to libexec/box/box-image,
 * which does it in a sandbox.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "specs/image_config.h"

struct error;
struct layer;
struct lock_platform;
struct places;

struct image {
	char *reference;      /* as the user named it */
	char *digest;         /* of the manifest ("sha256:…"), or of the tar; NULL for a folder */
	struct layer *layers; /* specs/container.h; lowest first, each once */
	size_t layer_count;
	char *config_digest;        /* NULL for a folder or a plain tar */
	struct list diff_ids;       /* of all layers, lowest first */
	struct image_config config; /* empty for a folder or a plain tar */
	int pin; /* a descriptor that holds the layers in the store (shared flock) while it is open, also across fork; -1: none */
};

enum pull_policy {
	PULL_MISSING, /* what the store does not have */
	PULL_ALWAYS,  /* ask the registry whether the tag has moved */
	PULL_NEVER,
};

struct image_options {
	enum pull_policy pull;
	const char *platform; /* "linux/arm64"; NULL: this host's */
	/* Of a registry's image: this one, whatever its tag stands for. It is found in the store under any name, else asked for by digest.
	 * */
	const struct lock_platform *locked;
	/* How far a blob is ("sha256:…"); told often. NULL: nobody wants to know. */
	void (*progress)(const char *digest, int64_t at, int64_t size, void *data);
	/* Before a registry is asked: the image's full name. */
	void (*begins)(const char *name, void *data);
	void *data;
};

/* Finds reference (a folder, a tar with or without gzip or zstd, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG],
 * paths absolute, or a registry's image) in the store, unpacking or pulling it where it is not there yet. options: NULL for the defaults.
 * */
int image_resolve(const struct places *places, const char *reference, const struct image_options *options, struct image *ret,
		  struct error *e);
void image_release(struct image *image);

/* The image (or plain tar) with that digest, as it lies in the store; reference is what the user calls it. Nothing is pulled or unpacked.
 * */
int image_stored(const struct places *places, const char *reference, const char *digest, struct image *ret, struct error *e);

/* Layers of the store by the digests of their uncompressed tars, lowest first; each once, and opened for one start. Whoever calls it sees
 * to it that nothing removes them (build_pin.h). *ret and what it holds are the caller's. */
int image_open_layers(const struct places *places, const struct list *diff_ids, struct layer **ret, size_t *ret_count, struct error *e);
void image_close_layers(struct layer *layers, size_t count);

/* Whether these are the locked bytes: by configuration, which names every layer's content. An archive of another kind has the same one
 * under another manifest. */
bool image_is_locked(const struct image *image, const struct lock_platform *locked);

/* What became of a pull. */
struct image_pulled {
	char *name;   /* full */
	char *digest; /* what the registry calls the image */
	char *image;  /* the manifest's digest: the same, or one of the index's */
	char *before; /* what the name stood for until now; NULL: nothing */
};

/* Asks the registry for the image. */
int image_pull(const struct places *places, const char *reference, const struct image_options *options, struct image_pulled *ret,
	       struct error *e);
void image_pulled_release(struct image_pulled *pulled);
