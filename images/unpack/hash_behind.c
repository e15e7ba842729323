/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_behind.c - a digest that is made by a thread of its own.
 */
#include "images/unpack/hash_behind.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "images/unpack/hash.h"

enum { STACK = 256 << 10 };

struct piece {
	const void *bytes;
	size_t length;
};

struct hash_behind {
	struct hash *hash; /* the thread's, while there is one */
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	struct piece pieces[HASH_BEHIND];
	size_t added, done; /* pieces so far */
	bool is_over;
};

static void *run(void *data)
{
	struct hash_behind *behind = data;

	pthread_mutex_lock(&behind->lock);
	for (;;) {
		const struct piece *piece = &behind->pieces[behind->done % HASH_BEHIND];

		while (behind->done == behind->added && !behind->is_over)
			pthread_cond_wait(&behind->changed, &behind->lock);
		if (behind->done == behind->added)
			break;
		pthread_mutex_unlock(&behind->lock);
		hash_add(behind->hash, piece->bytes, piece->length);
		pthread_mutex_lock(&behind->lock);
		behind->done++;
		pthread_cond_broadcast(&behind->changed);
	}
	pthread_mutex_unlock(&behind->lock);
	return NULL;
}

static void start(struct hash_behind *behind)
{
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes))
		return;
	/* Its default would be the caller's stack limit, which may be all of the sandbox's memory. */
	behind->has_thread = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
			     pthread_create(&behind->thread, &attributes, run, behind) == 0;
	(void)pthread_attr_destroy(&attributes); /* cannot fail */
}

struct hash_behind *hash_behind_begin(enum digest_algorithm algorithm, struct error *e)
{
	struct hash_behind *behind;
	struct hash *hash = hash_begin(algorithm, e);

	if (!hash)
		return NULL;
	behind = alloc_zeroed(1, sizeof *behind);
	behind->hash = hash;
	pthread_mutex_init(&behind->lock, NULL); /* neither can fail without attributes */
	pthread_cond_init(&behind->changed, NULL);
	start(behind);
	return behind;
}

void hash_behind_add(struct hash_behind *behind, const void *bytes, size_t length)
{
	if (!behind->has_thread) {
		hash_add(behind->hash, bytes, length);
		return;
	}
	pthread_mutex_lock(&behind->lock);
	/* One place less than there are: the piece that was added HASH_BEHIND pieces ago is done when this returns. */
	while (behind->added - behind->done >= HASH_BEHIND - 1)
		pthread_cond_wait(&behind->changed, &behind->lock);
	behind->pieces[behind->added++ % HASH_BEHIND] = (struct piece){ bytes, length };
	pthread_cond_broadcast(&behind->changed);
	pthread_mutex_unlock(&behind->lock);
}

/* The thread ends behind the last piece. */
static void finish(struct hash_behind *behind)
{
	if (!behind->has_thread)
		return;
	pthread_mutex_lock(&behind->lock);
	behind->is_over = true;
	pthread_cond_broadcast(&behind->changed);
	pthread_mutex_unlock(&behind->lock);
	(void)pthread_join(behind->thread, NULL); /* it is ours, and nobody else joins it */
	behind->has_thread = false;
}

void hash_behind_end(struct hash_behind *behind, struct digest *ret)
{
	finish(behind);
	hash_end(behind->hash, ret);
}

void hash_behind_free(struct hash_behind *behind)
{
	if (!behind)
		return;
	finish(behind);
	hash_free(behind->hash);
	pthread_cond_destroy(&behind->changed);
	pthread_mutex_destroy(&behind->lock);
	free(behind);
}
