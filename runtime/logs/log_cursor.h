/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_cursor.h - a place in a log, from which its records are read one by one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct log_record;

struct log_question {
	const char *since, *until; /* LOG_TIME bytes each, until is not included; NULL: no bound */
	int64_t tail;              /* at most so many of the last lines; -1: all */
	int stream;                /* enum log_stream; -1: all */
	bool follow;
};

enum { LOG_CURSOR_LINE = 256 << 10 }; /* no record is longer */

struct log_cursor {
	const char *json; /* the last record as it lies in its file, without its newline, until the next one is read */
	size_t length;
	uint64_t missed;  /* files that were removed before they were read; whoever tells of them sets it to 0 */

	/* Of log_cursor.c. */
	int folder, fd;
	const struct log_question *question;
	uint64_t number;  /* of the open file; 0: none yet */
	char *window;     /* what lies in it at offset at, and */
	size_t size, count, used; /* how large it is, what is in it, what of that was read */
	off_t at;
	bool is_over;     /* until was reached */
};

/* Goes to the first record that is asked for in the log in folder; both stay the caller's. One of many begins with a small window.
 * log_cursor_release in any case. */
int log_cursor_begin(struct log_cursor *c, int folder, const struct log_question *question, bool is_one_of_many, struct error *e);
void log_cursor_release(struct log_cursor *c);

/* The next record: 1, its line decoded into LOG_CURSOR_LINE bytes (NULL: only what stands before it is wanted); 0: there is none yet. */
int log_cursor_next(struct log_cursor *c, char *line, struct log_record *ret, struct error *e);
