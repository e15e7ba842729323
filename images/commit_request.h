/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_request.h - what box asks box-image to make of a writable layer: a layer of an image.
 *
 *     box-image commit STORE-FD UPPER-FD any|folders|changes COMPRESSION EPOCH WORDS
 *
 * On its stdin is an object, commit_document. The answer is that of unpack_answer.h, where "told" has one line, "DIFF-ID DIGEST SIZE
 * MEDIA-TYPE", or none: the folder holds no change.
 *
 * The tar depends on nothing but what the container would see: names in the order of their bytes, no time later than EPOCH, numbers for
 * owners, no attribute of this host. COMPRESSION is "none", "gzip" or "zstd", and its bytes depend on nothing but the tar and box's own
 * version. The layer is in the store as a pulled one is, with its blob; a build that still works on it holds build_pin (build_pin.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct error;
struct id_map;
struct places;

struct commit_wish {
	int upper;                /* the folder that overlayfs wrote to; nobody writes to it any more. Borrowed */
	const struct id_map *map; /* of the container: which ids the files carry. A file of any other id is refused */
	const struct list *
		parents; /* digests of the uncompressed layers below, lowest first: what did not change is compared with them */
	const struct list *
		stubs; /* "etc/hosts", "run/secrets/": empty files and folders of these names were made by box, and stay out */
	const char *compression; /* a word of above */
	int64_t epoch;           /* seconds since 1970 */
	bool is_rootless;        /* layers can only be folders */
	bool is_changes;         /* upper is a folder that root_changes_find has filled (images/build/root_changes.h) */
	const char *words;       /* what it is, for messages: "Dockerfile:12" */
};

/* A layer as a manifest and a configuration name it; all NULL: there was no change, and no layer was made. */
struct commit_layer {
	char *diff_id;    /* of the uncompressed tar: its name in the store, too */
	char *digest;     /* of its blob */
	char *media_type; /* of its blob */
	int64_t size;     /* of its blob, in bytes */
};

int commit_request(const struct places *places, const struct commit_wish *wish, struct commit_layer *ret,
		   struct error *e);
void commit_layer_release(struct commit_layer *layer);
