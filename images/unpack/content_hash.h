/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_hash.h - the digest of what a file holds, as a listing has it: bytes that are written give the same as bytes that are read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "images/digest.h"

struct content_hash;
struct error;

enum { CONTENT_PIECE = 256 << 10 }; /* pieces of this size that hold zeros alone do not count, so that holes may come and go */

struct content_hash *content_hash_begin(struct error *e);

/* Bytes of the file from at on, behind all that came before; what lies between is a hole. */
void content_hash_add(struct content_hash *hash, int64_t at, const void *bytes, size_t length);

/* The file's end, once, and before what follows. */
void content_hash_finish(struct content_hash *hash, int64_t size);

/* A link's target. */
void content_hash_target(struct content_hash *hash, const char *target, size_t length);

/* The extended attributes of what fd is open on, sorted, as file systems give them in any order. */
int content_hash_xattrs(struct content_hash *hash, int fd, struct error *e);

/* hex is "-" where nothing was added. */
void content_hash_end(struct content_hash *hash, struct digest *ret);
void content_hash_free(struct content_hash *hash);

static inline void content_hash_release(struct content_hash **hash)
{
	content_hash_free(*hash);
	*hash = NULL;
}
