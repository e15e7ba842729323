/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_behind.c - a digest that is made by a thread of its own.
 */
#include "images/unpack/hash_behind.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "images/unpack/behind.h"
#include "images/unpack/hash.h"

struct piece {
	const void *bytes;
	size_t length;
};

struct hash_behind {
	struct hash *hash; /* the thread's until its end */
	struct behind *thread;
	struct piece pieces[HASH_BEHIND];
};

static void hash_piece(void *data, size_t place)
{
	struct hash_behind *behind = data;

	hash_add(behind->hash, behind->pieces[place].bytes, behind->pieces[place].length);
}

struct hash_behind *hash_behind_begin(enum digest_algorithm algorithm, struct error *e)
{
	struct hash_behind *behind;
	struct hash *hash = hash_begin(algorithm, e);

	if (!hash)
		return NULL;
	behind = alloc_zeroed(1, sizeof *behind);
	behind->hash = hash;
	behind->thread = behind_begin(HASH_BEHIND, hash_piece, behind);
	return behind;
}

void hash_behind_add(struct hash_behind *behind, const void *bytes, size_t length)
{
	behind->pieces[behind_place(behind->thread)] = (struct piece){ bytes, length };
	behind_add(behind->thread);
}

void hash_behind_end(struct hash_behind *behind, struct digest *ret)
{
	behind_end(behind->thread);
	hash_end(behind->hash, ret);
}

void hash_behind_free(struct hash_behind *behind)
{
	if (!behind)
		return;
	behind_free(behind->thread);
	hash_free(behind->hash);
	free(behind);
}
