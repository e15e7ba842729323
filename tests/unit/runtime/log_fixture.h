/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_fixture.h - a log in a folder of its own, the FIFOs of its app, and what it holds in the end.
 */
#pragma once

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/supervise/log.h"
#include "tests/unit/base/scratch.h"

struct fixture {
	int folder;            /* is state folder and log folder alike */
	int fifos[LOG_STREAMS]; /* both ends of each */
	struct log_options setup;
};

static inline struct fixture fixture_make(int folder)
{
	static const char *const names[] = { "out", "err" };
	struct fixture f = { .folder = folder, .setup = { .max_size = 1 << 20, .max_files = 1000 } };

	for (int i = 0; i < LOG_STREAMS; i++) {
		cr_assert(mkfifoat(folder, names[i], 0600) == 0 || errno == EEXIST);
		f.fifos[i] = openat(folder, names[i], O_RDWR | O_NONBLOCK | O_CLOEXEC);
		cr_assert_geq(f.fifos[i], 0);
	}
	return f;
}

static inline void fixture_write(const struct fixture *f, enum log_stream stream, const char *bytes, size_t length)
{
	cr_assert_eq(write(f->fifos[stream], bytes, length), (ssize_t)length, "the FIFO takes no %zu bytes: %m", length);
}

static inline void fixture_say(const struct fixture *f, const char *text)
{
	fixture_write(f, LOG_STDOUT, text, strlen(text));
}

static inline void fixture_open(const struct fixture *f, struct log *log)
{
	struct error e = { 0 };

	cr_assert_eq(log_open(log, f->folder, f->folder, &f->setup, &e), 0, "%s", e.text);
}

/* Everything that lies in the FIFOs goes to the log. */
static inline void fixture_take(const struct fixture *f, struct log *log)
{
	for (int i = 0; i < LOG_STREAMS; i++)
		while (log_take(log, (enum log_stream)i, f->fifos[i]) > 0)
			;
}

/* A supervisor's whole life. */
static inline void fixture_live(const struct fixture *f)
{
	struct log log;

	fixture_open(f, &log);
	fixture_take(f, &log);
	log_end(&log);
	log_release(&log);
}

/* What the app wrote, from the records of one file; false where there is no such file. */
static inline bool fixture_read_file(int folder, unsigned number, enum log_stream stream, struct text *ret)
{
	autorelease(text) struct text content = { 0 };
	autofree char *name = text_format("%u", number), *buffer = NULL;
	struct error e = { 0 };
	size_t step;

	if (file_read(folder, name, 1 << 30, &content, &e))
		return false;
	buffer = malloc(content.length + 1);
	for (size_t at = 0; at < content.length; at += step) {
		const char *newline = memchr(content.data + at, '\n', content.length - at);
		struct log_record record;

		cr_assert(newline != NULL, "file %u ends in a broken record", number);
		step = (size_t)(newline - content.data) + 1 - at;
		cr_assert_eq(log_record_read(content.data + at, step, buffer, &record), 0, "broken: %.*s", (int)step, content.data + at);
		if (record.stream != stream)
			continue;
		text_add_bytes(ret, record.line, record.length);
		if (!record.is_partial)
			text_add(ret, "\n");
	}
	return true;
}

static inline unsigned fixture_first(int folder)
{
	autoclosedir DIR *dir = folder_open(folder, ".", 0);
	unsigned first = 0;
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		unsigned number = (unsigned)strtoul(entry->d_name, NULL, 10);

		if (number && (!first || number < first))
			first = number;
	}
	return first;
}

static inline void fixture_read(const struct fixture *f, enum log_stream stream, struct text *ret)
{
	for (unsigned number = fixture_first(f->folder); number && fixture_read_file(f->folder, number, stream, ret); number++)
		;
}

static inline void fixture_expect(const struct fixture *f, enum log_stream stream, const char *expected, size_t length)
{
	autorelease(text) struct text got = { 0 };

	fixture_read(f, stream, &got);
	cr_assert(got.length == length && memcmp(got.data ? got.data : "", expected, length) == 0,
		  "expected %zu bytes:\n%.400s\nfound %zu:\n%.400s", length, expected, got.length, got.data ? got.data : "");
}
