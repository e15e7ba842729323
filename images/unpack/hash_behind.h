/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_behind.h - a digest that is made by a thread of its own, a few pieces behind whoever has the bytes.
 *
 * Decompressing and hashing cost about the same; on two processors a layer takes half as long when they do not wait for each other.
 */
#pragma once

#include <stddef.h>

#include "images/digest.h"

struct error;
struct hash_behind;

enum { HASH_BEHIND = 4 }; /* pieces that may wait */

/* Where no thread can be had, pieces are hashed at once. */
struct hash_behind *hash_behind_begin(enum digest_algorithm algorithm, struct error *e);

/* The next piece. It is read until HASH_BEHIND more were added, or the end: its bytes have to stay as they are. */
void hash_behind_add(struct hash_behind *behind, const void *bytes, size_t length);

/* Waits until all pieces are hashed. */
void hash_behind_end(struct hash_behind *behind, struct digest *ret);
void hash_behind_free(struct hash_behind *behind);
