/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_behind.c - a new file, written from its start to its end by a thread of its own, past the page cache where its file system can.
 *
 * Two buffers: one is filled while the other is written. Only whole buffers are written with O_DIRECT, which wants sizes and offsets
 * that are multiples of the disk's blocks; what remains at the end, and so all of a small file, goes through the page cache.
 */
#include "images/unpack/write_behind.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

enum { BUFFERS = 2, SIZE = WRITE_BEHIND_WORTH, ALIGNMENT = 4096, STACK = 256 << 10 };

struct write_behind {
	int fd;
	const char *doing;
	bool is_direct;
	int64_t written; /* by whoever writes */
	char *buffers[BUFFERS];
	size_t used; /* of the one that is filled now */
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t changed;
	size_t filled, done; /* whole buffers so far */
	bool is_over;
	int failure; /* errno of the first write that failed, or 0 */
};

static void set_direct(struct write_behind *behind, bool is_direct)
{
	const int flags = fcntl(behind->fd, F_GETFL);

	/* Refused: the file system has no such thing, and what is written goes through the page cache. */
	if (flags >= 0 && fcntl(behind->fd, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0)
		behind->is_direct = is_direct;
}

/* Returns errno, or 0. */
static int write_out(struct write_behind *behind, const char *bytes, size_t length)
{
	if (behind->is_direct && length < SIZE)
		set_direct(behind, false);
	if (write_all(behind->fd, bytes, length)) {
		if (!behind->is_direct || errno != EINVAL || lseek(behind->fd, 0, SEEK_CUR) != behind->written)
			return errno;
		set_direct(behind, false); /* larger blocks than ALIGNMENT */
		if (write_all(behind->fd, bytes, length))
			return errno;
	}
	/* The disk works while the next bytes come. A hint: syncfs has the last word. */
	if (!behind->is_direct && length == SIZE)
		(void)sync_file_range(behind->fd, behind->written, SIZE, SYNC_FILE_RANGE_WRITE);
	behind->written += (int64_t)length;
	return 0;
}

static void *run(void *data)
{
	struct write_behind *behind = data;

	pthread_mutex_lock(&behind->lock);
	for (;;) {
		const char *buffer;
		int failure;

		while (behind->done == behind->filled && !behind->is_over)
			pthread_cond_wait(&behind->changed, &behind->lock);
		if (behind->done == behind->filled)
			break;
		buffer = behind->buffers[behind->done % BUFFERS];
		failure = behind->failure;
		pthread_mutex_unlock(&behind->lock);
		if (!failure)
			failure = write_out(behind, buffer, SIZE);
		pthread_mutex_lock(&behind->lock);
		behind->failure = failure;
		behind->done++;
		pthread_cond_broadcast(&behind->changed);
	}
	pthread_mutex_unlock(&behind->lock);
	return NULL;
}

static void start(struct write_behind *behind)
{
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes))
		return;
	/* Its default would be the caller's stack limit, which may be all of the sandbox's memory. */
	behind->has_thread = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
			     pthread_create(&behind->thread, &attributes, run, behind) == 0;
	(void)pthread_attr_destroy(&attributes); /* cannot fail */
}

struct write_behind *write_behind_begin(int fd, const char *doing)
{
	struct write_behind *behind = alloc_zeroed(1, sizeof *behind);

	behind->fd = fd;
	behind->doing = doing;
	pthread_mutex_init(&behind->lock, NULL); /* neither can fail without attributes */
	pthread_cond_init(&behind->changed, NULL);
	return behind;
}

/* The buffer that is filled now: the thread, if there is one, is done with it. The first ones come when there is something for them. */
static char *buffer_now(struct write_behind *behind)
{
	char **buffer = &behind->buffers[behind->filled % BUFFERS];

	if (!*buffer)
		*buffer = alloc_aligned(ALIGNMENT, SIZE);
	return *buffer;
}

/* A whole buffer. */
static int hand_over(struct write_behind *behind)
{
	int failure;

	if (behind->filled == 0) {
		set_direct(behind, true);
		start(behind);
	}
	behind->used = 0;
	if (!behind->has_thread)
		return write_out(behind, behind->buffers[0], SIZE);
	pthread_mutex_lock(&behind->lock);
	behind->filled++;
	pthread_cond_broadcast(&behind->changed);
	while (behind->filled - behind->done >= BUFFERS)
		pthread_cond_wait(&behind->changed, &behind->lock);
	failure = behind->failure;
	pthread_mutex_unlock(&behind->lock);
	return failure;
}

static int fail(const struct write_behind *behind, int failure, struct error *e)
{
	errno = failure;
	return error_sys(e, "%s", behind->doing);
}

int write_behind_add(struct write_behind *behind, const void *bytes, size_t length, struct error *e)
{
	const char *at = bytes;

	while (length) {
		const size_t part = length < SIZE - behind->used ? length : SIZE - behind->used;
		int failure;

		memcpy(buffer_now(behind) + behind->used, at, part);
		behind->used += part;
		at += part;
		length -= part;
		if (behind->used == SIZE && (failure = hand_over(behind)))
			return fail(behind, failure, e);
	}
	return 0;
}

/* The thread ends behind the last whole buffer. */
static void finish(struct write_behind *behind)
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

int write_behind_end(struct write_behind *behind, struct error *e)
{
	int failure;

	finish(behind);
	failure = behind->failure;
	if (!failure && behind->used)
		failure = write_out(behind, buffer_now(behind), behind->used);
	behind->used = 0;
	if (behind->is_direct)
		set_direct(behind, false);
	return failure ? fail(behind, failure, e) : 0;
}

void write_behind_free(struct write_behind *behind)
{
	if (!behind)
		return;
	finish(behind);
	for (size_t i = 0; i < BUFFERS; i++)
		free(behind->buffers[i]);
	pthread_cond_destroy(&behind->changed);
	pthread_mutex_destroy(&behind->lock);
	free(behind);
}
