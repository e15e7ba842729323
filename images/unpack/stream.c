/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.c - a tar as a stream.
 *
 *     descriptor -> in (256 KiB) -> decoder -> one of out (256 KiB each) -> whoever reads
 *                                                                        -> the thread that hashes, a few behind
 *
 * Without compression the input goes to one of out itself. The budget is charged before bytes are handed on.
 */
#include "images/unpack/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "images/unpack/budget.h"
#include "images/unpack/hash_behind.h"

enum { BUFFER = 256 << 10 };

struct stream {
	int fd;
	struct budget *budget;
	struct hash_behind *hash;
	struct decoder *decoder; /* NULL: no compression */
	enum compression compression;
	bool at_end; /* of the input */
	size_t in_at, in_length;
	const unsigned char *last; /* what stream_next gave last … */
	size_t last_length;
	int64_t given; /* … and how much it gave in all */
	unsigned char *in;
	size_t turn; /* pieces given; which of out the last one is in */
	unsigned char first[BUFFER];
	unsigned char out[HASH_BEHIND][BUFFER];
};

/* The buffer whose bytes nobody needs any more. */
static unsigned char *next_buffer(struct stream *stream)
{
	return stream->out[stream->turn++ % HASH_BEHIND];
}

/* Fills the empty input buffer; in_length 0 means the end. */
static int fill(struct stream *stream, struct error *e)
{
	ssize_t got;

	stream->in_at = stream->in_length = 0;
	while (!stream->at_end && stream->in_length < BUFFER) {
		got = read(stream->fd, stream->in + stream->in_length, BUFFER - stream->in_length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read it");
		if (got == 0)
			stream->at_end = true;
		stream->in_length += (size_t)got;
	}
	return 0;
}

struct stream *stream_open(int fd, enum digest_algorithm algorithm, struct budget *budget, struct error *e)
{
	struct stream *stream = alloc_zeroed(1, sizeof *stream);

	stream->fd = fd;
	stream->in = stream->first;
	stream->budget = budget;
	stream->hash = hash_behind_begin(algorithm, e);
	if (!stream->hash || fill(stream, e) ||
	    compression_detect(stream->in, stream->in_length, &stream->compression, e)) {
		stream_free(stream);
		return NULL;
	}
	if (stream->compression != COMPRESSION_NONE)
		stream->decoder = decoder_new(stream->compression, budget->limits->window_log);
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	hash_behind_free(stream->hash);
	decoder_free(stream->decoder);
	free(stream);
}

enum compression stream_compression(const struct stream *stream)
{
	return stream->compression;
}

/* The next bytes where nothing is compressed. */
static ssize_t next_plain(struct stream *stream, const unsigned char **ret, struct error *e)
{
	size_t length;

	if (stream->in_at == stream->in_length) {
		stream->in = next_buffer(stream);
		if (fill(stream, e))
			return -1;
	}
	length = stream->in_length - stream->in_at;
	if (budget_inflate(stream->budget, (int64_t)length, (int64_t)length, e))
		return -1;
	*ret = stream->in + stream->in_at;
	stream->in_at = stream->in_length;
	return (ssize_t)length;
}

static ssize_t next_decoded(struct stream *stream, const unsigned char **ret, struct error *e)
{
	unsigned char *out = next_buffer(stream);
	size_t given = 0;
	int stalls = 0;

	while (given < BUFFER) {
		struct decoder_step step = { .out = out + given, .out_length = BUFFER - given };

		if (stream->in_at == stream->in_length && !stream->at_end && fill(stream, e))
			return -1;
		step.in = stream->in + stream->in_at;
		step.in_length = stream->in_length - stream->in_at;
		if (decoder_run(stream->decoder, &step, e))
			return -1;
		stream->in_at += step.taken;
		given += step.given;
		if (budget_inflate(stream->budget, (int64_t)step.taken, (int64_t)step.given, e))
			return -1;
		/* Neither took nor gave: a member's end (the next call opens the next one), or the end of everything. */
		if (step.taken == 0 && step.given == 0 && step.in_length == 0)
			break;
		/* A decoder that stands still twice in front of the same bytes would do so for ever. */
		stalls = step.taken || step.given ? 0 : stalls + 1;
		if (stalls > 2)
			return error_set(e, ERROR_IMAGE, "its %s data leads nowhere",
					 compression_name(stream->compression));
	}
	if (given == 0 && decoder_finish(stream->decoder, e))
		return -1;
	*ret = out;
	return (ssize_t)given;
}

ssize_t stream_next(struct stream *stream, const unsigned char **ret, struct error *e)
{
	ssize_t got = stream->decoder ? next_decoded(stream, ret, e) : next_plain(stream, ret, e);

	if (got > 0) {
		hash_behind_add(stream->hash, *ret, (size_t)got);
		stream->last = *ret;
		stream->last_length = (size_t)got;
		stream->given += got;
	}
	return got;
}

static int check_zeros(const unsigned char *bytes, size_t length, struct error *e)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return error_set(e, ERROR_IMAGE, "other bytes follow behind the end of the tar");
	return 0;
}

int stream_finish(struct stream *stream, int64_t used, struct digest *ret, struct error *e)
{
	const unsigned char *bytes;
	ssize_t got;
	int64_t rest = stream->given - used;

	/* The reader has looked ahead at most to the end of the last buffer, as a tar's blocks never span two. */
	if (rest < 0 || (size_t)rest > stream->last_length)
		return error_set(e, ERROR_IMAGE, "its end is not at the end of a block");
	if (rest > 0 && check_zeros(stream->last + stream->last_length - rest, (size_t)rest, e))
		return -1;
	while ((got = stream_next(stream, &bytes, e)) > 0)
		if (check_zeros(bytes, (size_t)got, e))
			return -1;
	if (got < 0)
		return -1;
	hash_behind_end(stream->hash, ret);
	return 0;
}

int stream_digest(struct stream *stream, struct digest *ret, struct error *e)
{
	const unsigned char *bytes;
	ssize_t got;

	do
		got = stream_next(stream, &bytes, e);
	while (got > 0);
	if (got < 0)
		return -1;
	hash_behind_end(stream->hash, ret);
	return 0;
}
