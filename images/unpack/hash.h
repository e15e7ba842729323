/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - digests of streams, by libcrypto (which uses the processor's SHA instructions).
 */
#pragma once

#include <stddef.h>

#include "images/digest.h"

struct error;
struct hash;

/* Loads the algorithms; done once before the sandbox closes, as libcrypto may look for its configuration. */
int hash_prepare(struct error *e);

/* A new stream; NULL with an error. */
struct hash *hash_begin(enum digest_algorithm algorithm, struct error *e);
void hash_add(struct hash *hash, const void *bytes, size_t length);
/* The digest of everything added. The stream can only be freed afterwards. */
void hash_end(struct hash *hash, struct digest *ret);
void hash_free(struct hash *hash);

static inline void hash_release(struct hash **hash)
{
	hash_free(*hash);
	*hash = NULL;
}
