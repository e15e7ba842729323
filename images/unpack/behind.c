/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behind.c - a thread that works on pieces one after the other, a few behind whoever has them.
 */
#include "images/unpack/behind.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { STACK = 256 << 10 };

struct behind {
	size_t places;
	void (*work)(void *data, size_t place);
	void *data;
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	size_t added, done; /* pieces so far */
	bool is_over;
};

static void *run(void *data)
{
	struct behind *behind = data;

	pthread_mutex_lock(&behind->lock);
	for (;;) {
		const size_t place = behind->done % behind->places;

		while (behind->done == behind->added && !behind->is_over)
			pthread_cond_wait(&behind->changed, &behind->lock);
		if (behind->done == behind->added)
			break;
		pthread_mutex_unlock(&behind->lock);
		behind->work(behind->data, place);
		pthread_mutex_lock(&behind->lock);
		behind->done++;
		pthread_cond_broadcast(&behind->changed);
	}
	pthread_mutex_unlock(&behind->lock);
	return NULL;
}

static void start(struct behind *behind)
{
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes))
		return;
	/* Its default would be the caller's stack limit, which may be all of the sandbox's memory. */
	behind->has_thread = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
			     pthread_create(&behind->thread, &attributes, run, behind) == 0;
	(void)pthread_attr_destroy(&attributes); /* cannot fail */
}

struct behind *behind_begin(size_t places, void (*work)(void *, size_t), void *data)
{
	struct behind *behind = alloc_zeroed(1, sizeof *behind);

	behind->places = places;
	behind->work = work;
	behind->data = data;
	pthread_mutex_init(&behind->lock, NULL); /* neither can fail without attributes */
	pthread_cond_init(&behind->changed, NULL);
	start(behind);
	return behind;
}

size_t behind_place(const struct behind *behind)
{
	return behind->added % behind->places;
}

void behind_add(struct behind *behind)
{
	if (!behind->has_thread) {
		behind->work(behind->data, behind->added++ % behind->places);
		return;
	}
	pthread_mutex_lock(&behind->lock);
	behind->added++;
	pthread_cond_broadcast(&behind->changed);
	while (behind->added - behind->done >= behind->places)
		pthread_cond_wait(&behind->changed, &behind->lock);
	pthread_mutex_unlock(&behind->lock);
}

void behind_end(struct behind *behind)
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

void behind_free(struct behind *behind)
{
	if (!behind)
		return;
	behind_end(behind);
	pthread_cond_destroy(&behind->changed);
	pthread_mutex_destroy(&behind->lock);
	free(behind);
}
