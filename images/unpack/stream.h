/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - a tar as a stream: read, decompressed, counted and hashed on the way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "images/digest.h"
#include "images/unpack/decoder.h"

struct budget;
struct error;
struct stream;

/* A stream from fd (borrowed), read from where it stands. algorithm: of the digest of the decompressed bytes. */
struct stream *stream_open(int fd, enum digest_algorithm algorithm, struct budget *budget, struct error *e);
void stream_free(struct stream *stream);

/* The next decompressed bytes (valid until the next call); 0 at the end, -1 with an error. */
ssize_t stream_next(struct stream *stream, const unsigned char **ret, struct error *e);

/* Reads what is left behind the first used bytes, which must be zeros (a tar's padding), and gives the digest of all decompressed bytes. */
int stream_finish(struct stream *stream, int64_t used, struct digest *ret, struct error *e);

/* Reads and hashes everything, whatever it is. */
int stream_digest(struct stream *stream, struct digest *ret, struct error *e);

enum compression stream_compression(const struct stream *stream);

static inline void stream_release(struct stream **stream)
{
	stream_free(*stream);
	*stream = NULL;
}
