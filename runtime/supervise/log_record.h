/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_record.h - one line of an app's output as one line of JSON, both ways.
 *
 *     {"time":"2026-11-29T19:42:34.123456789Z","stream":"stdout","line":"hello"}
 *
 * time      UTC, always 30 characters: times compare as texts do
 * stream    "stdout", "stderr"; "box" where box says something itself
 * line      the bytes up to the newline, which is left out
 * bytes     base64 of the line, only where it is not UTF-8; line then has U+FFFD for each byte that belongs to no character
 * partial   true: no newline follows, because the line is longer than one record; the next record of the stream goes on with it
 * lost      with "box" only: so many bytes of output could not be written before this
 *
 * Members stand in this order and without spaces, so that a reader needs no JSON parser, and any JSON parser will do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_BOX };

enum { LOG_STREAMS = 2 /* that an app has */, LOG_TIME = 30, LOG_HEAD = 80 };

/* What all records of a stream begin with that were taken at the same time. */
struct log_head {
	size_t length;
	char bytes[LOG_HEAD];
};

/* The time as text, without a zero byte; ns since 1970, from year 1970 to 9999. */
void log_time_format(int64_t ns, char ret[static LOG_TIME]);

void log_head_make(struct log_head *ret, enum log_stream stream, int64_t ns);

/* "stdout" for LOG_STDOUT; and back: -1 for another word. */
const char *log_stream_name(enum log_stream stream);
int log_stream_number(const char *name);

/* The most that a record of length bytes takes, and the longest line whose record always fits in room. */
size_t log_record_room(size_t length);
size_t log_record_fits(size_t room);

/* Writes a record with its newline to where log_record_room(length) bytes are free; returns its length. */
size_t log_record_write(char *to, const struct log_head *head, const char *line, size_t length, bool is_partial);

/* A record of stream "box" that tells of lost bytes and why; LOG_LOSS bytes must be free. */
enum { LOG_LOSS = 512 };
size_t log_record_loss(char *to, int64_t ns, uint64_t lost, const char *why);

struct log_record {
	const char *time; /* LOG_TIME bytes in json */
	enum log_stream stream;
	const char *line; /* in buffer; may hold zero bytes */
	size_t length;
	bool is_partial;
	uint64_t lost;
};

/* Reads one record of length bytes (with or without its newline). The line is decoded into buffer, which has length bytes (NULL:
 * only the line's length is wanted). -1: this is no record (a disk that was full, a machine that lost power). */
int log_record_read(const char *json, size_t length, char *buffer, struct log_record *ret);
