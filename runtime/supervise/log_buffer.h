/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_buffer.h - what a log writer has in its hands, in memory that outlives it.
 *
 * STATE/NAME/buffer is a file on tmpfs, mapped shared. When its writer is killed, the next one maps it and goes on from there:
 *
 *     page 0    struct log_mark, twice, and which of the two counts: a change is made in the other one and becomes true by one store
 *     rings     one for each stream of the app, as it came; mapped twice in a row, so that what lies across the end is one piece too
 *     output    records on their way to the log file
 *
 * Reading. What a read takes out of a pipe is in no pipe any more, so a writer killed behind read(2) and before its next store must leave
 * a trace. Before the read it notes how many bytes it wants (never more than lie there: the kernel then gives all of them or none), and
 * lays a nonce where the last of them will land. Whoever comes next looks: the nonce is gone, so the bytes are there. Eight random bytes
 * are no accident; of fewer bytes the writer gets a copy first (tee(2)), and lays down what they are not.
 *
 * Writing. Records are made in output, then noted, then written at the noted offset of the noted file, then noted as written. Doing that
 * again writes the same bytes to the same place: nobody who reads the file sees anything twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/supervise/log_record.h"

struct error;

enum { LOG_RING = 64 << 10, LOG_OUTPUT = 128 << 10 };

/* Offsets count from the beginning of the stream; what lies in the ring is begin to end. */
struct log_input {
	uint64_t begin, end;
	uint64_t wanted; /* a read of so many bytes has begun */
	unsigned char nonce[8];
};

struct log_mark {
	uint64_t number;  /* of the log file that is written; 0: none yet */
	uint64_t size;    /* of that file: all before it is whole */
	uint64_t output;  /* bytes of output that belong behind it */
	uint64_t lost;    /* bytes of the app that could not be written, and of which no record tells yet */
	int64_t reason;   /* errno of that */
	struct log_input input[LOG_STREAMS];
};

struct log_shared;

struct log_buffer {
	struct log_shared *shared;
	char *rings[LOG_STREAMS];
	char *output;
	int copy[2];    /* a pipe for tee(2) */
	uint64_t seed;  /* of nonces */
};

/* Maps folder's "buffer", and makes it where there is none, or none that this version can read. All its memory is there afterwards.
 * Reads that were under way when its last writer ended are settled. *ret_is_new: nothing is in it. The caller has the app's lock. */
int log_buffer_open(struct log_buffer *ret, int folder, bool *ret_is_new, struct error *e);
void log_buffer_release(struct log_buffer *buffer);

/* What counts. */
const struct log_mark *log_mark(const struct log_buffer *buffer);

/* A copy to be changed, which counts from log_mark_set on. */
struct log_mark *log_mark_change(struct log_buffer *buffer);
void log_mark_set(struct log_buffer *buffer);

/* The bytes of a ring from begin on, in one piece. */
const char *log_ring(const struct log_buffer *buffer, enum log_stream stream);

/* Those that stand at an offset of the stream, in one piece up to its end: whether they are waiting or not, the last LOG_RING are there. */
const char *log_ring_at(const struct log_buffer *buffer, enum log_stream stream, uint64_t offset);

/* Reads from into the ring what lies there (a FIFO, or the master of a terminal) and fits: the number of bytes; 0 where there is
 * nothing or no room; -1 with errno. */
ssize_t log_buffer_read(struct log_buffer *buffer, enum log_stream stream, int from);
