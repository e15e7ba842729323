/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_reader.c - the records of a log in their order, as far as it is written, and as it is written.
 */
#include "runtime/logs/log_reader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum { LOOK_MS = 200 };

struct reader {
	struct log_cursor cursor;
	const struct log_hearer *hearer;
	char *line; /* LOG_CURSOR_LINE bytes */
};

static void tell_missed(struct reader *r)
{
	if (r->cursor.missed && r->hearer->missed)
		r->hearer->missed(r->cursor.missed, r->hearer->data);
	r->cursor.missed = 0;
}

static int read_on(struct reader *r, struct error *e)
{
	struct log_record record;
	int got;

	while ((got = log_cursor_next(&r->cursor, r->line, &record, e)) > 0) {
		tell_missed(r);
		if (r->hearer->hear(&record, r->cursor.json, r->cursor.length, r->hearer->data, e))
			return -1;
	}
	tell_missed(r);
	return got;
}

/* Until the log changes, or it is time to look whether it can. */
static void wait_for_more(int watch)
{
	struct pollfd change = { .fd = watch, .events = POLLIN };
	char events[4096];

	if (poll(&change, 1, LOOK_MS) > 0)
		while (read(watch, events, sizeof events) > 0)
			; /* that something changed is enough */
}

static bool has_passed(const char *until)
{
	char words[LOG_TIME];

	log_time_format(clock_since_1970_ns(), words);
	return until && memcmp(until, words, LOG_TIME) <= 0;
}

static int follow(struct reader *r, struct error *e)
{
	/* Where this host's watches are used up it is looked at five times a second. */
	autoclose int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	autofree char *path = text_format("/proc/self/fd/%d", r->cursor.folder);
	bool goes_on = true;

	if (watch >= 0)
		(void)inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE);
	while (!r->cursor.is_over) {
		bool was_last = !goes_on || has_passed(r->cursor.question->until);

		if (read_on(r, e))
			return -1;
		if (was_last)
			return 0;
		goes_on = r->hearer->goes_on(r->hearer->data);
		if (goes_on)
			wait_for_more(watch);
	}
	return 0;
}

int log_read(int folder, const struct log_question *question, const struct log_hearer *hearer, struct error *e)
{
	struct reader r = { .hearer = hearer, .line = alloc_zeroed(1, LOG_CURSOR_LINE) };
	int result = log_cursor_begin(&r.cursor, folder, question, /* is_one_of_many= */ false, e);

	if (result == 0)
		result = question->follow ? follow(&r, e) : read_on(&r, e);
	log_cursor_release(&r.cursor);
	free(r.line);
	return result;
}
