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
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "images/unpack/behind.h"

enum { BUFFERS = 2, SIZE = WRITE_BEHIND_WORTH, ALIGNMENT = 4096 };

struct write_behind {
	int fd;
	const char *doing;
	bool is_direct;
	int64_t written; /* by whoever writes */
	char *buffers[BUFFERS];
	size_t used;           /* of the one that is filled now */
	struct behind *thread; /* NULL: nothing was handed over so far */
	atomic_int failure;    /* errno of the first write that failed, or 0 */
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

static void write_piece(void *data, size_t place)
{
	struct write_behind *behind = data;

	if (!behind->failure)
		behind->failure = write_out(behind, behind->buffers[place], SIZE);
}

struct write_behind *write_behind_begin(int fd, const char *doing)
{
	struct write_behind *behind = alloc_zeroed(1, sizeof *behind);

	behind->fd = fd;
	behind->doing = doing;
	return behind;
}

/* The buffer that is filled now: the thread, if there is one, is done with it. They come when there is something for them. */
static char *buffer_now(struct write_behind *behind)
{
	char **buffer = &behind->buffers[behind->thread ? behind_place(behind->thread) : 0];

	if (!*buffer)
		*buffer = alloc_aligned(ALIGNMENT, SIZE);
	return *buffer;
}

/* A whole buffer. */
static int hand_over(struct write_behind *behind)
{
	if (!behind->thread) {
		set_direct(behind, true);
		behind->thread = behind_begin(BUFFERS, write_piece, behind);
	}
	behind->used = 0;
	behind_add(behind->thread);
	return behind->failure;
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

int write_behind_end(struct write_behind *behind, struct error *e)
{
	int failure;

	if (behind->thread)
		behind_end(behind->thread);
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
	behind_free(behind->thread);
	for (size_t i = 0; i < BUFFERS; i++)
		free(behind->buffers[i]);
	free(behind);
}
