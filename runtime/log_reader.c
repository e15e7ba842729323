/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_reader.c - the records of a log in their order, from its folder.
 *
 * A file is read by windows. No record is longer than half of one, so each has a whole record in it, unless the file is damaged there:
 * then the window is passed over. What follows the last newline may still be written, and is read again when there is more.
 */
#include "runtime/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

enum { WINDOW = 256 << 10, LOOK_MS = 200 };

struct reader {
	int folder;
	const struct log_question *question;
	const struct log_hearer *hearer;
	char *window, *line; /* WINDOW bytes each */
	uint64_t number;     /* of the open file; 0: none yet */
	int fd;
	off_t at;            /* what comes next in it */
	bool is_over;        /* until was reached */
};

/* The lowest number above after, or the highest of all for after UINT64_MAX; 0: none. */
static uint64_t find_number(int folder, uint64_t after)
{
	autoclosedir DIR *dir = folder_open(folder, ".", 0);
	uint64_t best = 0;
	struct dirent *entry;
	int64_t number;

	while (dir && (entry = readdir(dir))) {
		if (number_parse(entry->d_name, 1, INT64_MAX, &number))
			continue;
		if (after == UINT64_MAX ? (uint64_t)number > best : (uint64_t)number > after && (!best || (uint64_t)number < best))
			best = (uint64_t)number;
	}
	return best;
}

static int open_file(struct reader *r, uint64_t number, struct error *e)
{
	autofree char *name = text_format("%ju", (uintmax_t)number);
	int fd = openat(r->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return error_sys(e, "open the log file %s", name);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->number = number;
	r->at = 0;
	return 0;
}

/* The file before the open one, as far as files follow each other: a hole is where somebody else has removed one. */
static bool open_before(struct reader *r)
{
	struct error gone = { 0 };

	return r->number > 1 && open_file(r, r->number - 1, &gone) == 0;
}

static ssize_t read_window(struct reader *r, off_t at, size_t most, struct error *e)
{
	ssize_t count = pread(r->fd, r->window, most < WINDOW ? most : WINDOW, at);

	return count < 0 ? error_sys(e, "read the log file %ju", (uintmax_t)r->number) : count;
}

static int file_size(struct reader *r, off_t *ret, struct error *e)
{
	struct stat status;

	if (fstat(r->fd, &status))
		return error_sys(e, "look at the log file %ju", (uintmax_t)r->number);
	*ret = status.st_size;
	return 0;
}

static bool is_before(const struct log_record *record, const char *time)
{
	return time && memcmp(record->time, time, LOG_TIME) < 0;
}

static bool is_wanted(const struct log_question *q, const struct log_record *record)
{
	return !is_before(record, q->since) && (!q->until || is_before(record, q->until)) &&
	       (q->stream < 0 || record->stream == (enum log_stream)q->stream);
}

/* The first record of the open file that begins at from or later: false where there is none before end. */
static bool first_record(struct reader *r, off_t from, off_t end, off_t *ret_at, struct log_record *ret)
{
	struct error ignored = { 0 };
	ssize_t count = from < end ? read_window(r, from, (size_t)(end - from), &ignored) : 0;
	const char *start = r->window, *stop = r->window + (count > 0 ? count : 0), *newline;

	if (from > 0 && (newline = memchr(start, '\n', (size_t)(stop - start))))
		start = newline + 1;
	else if (from > 0)
		return false;
	for (; (newline = memchr(start, '\n', (size_t)(stop - start))); start = newline + 1) {
		if (log_record_read(start, (size_t)(newline - start), NULL, ret) == 0) {
			*ret_at = from + (start - r->window);
			return true;
		}
	}
	return false;
}

/* Halves the open file until what is left is a window. Everything before r->at is older than since then. */
static int halve(struct reader *r, struct error *e)
{
	struct log_record record;
	off_t low = 0, high = 0, found;

	if (file_size(r, &high, e))
		return -1;
	while (high - low > WINDOW) {
		off_t middle = low + (high - low) / 2;

		if (first_record(r, middle, high, &found, &record) && is_before(&record, r->question->since))
			low = found;
		else
			high = middle;
	}
	r->at = low;
	return 0;
}

/* Goes to the file in which the first record since that time is. */
static int find_since(struct reader *r, struct error *e)
{
	uint64_t number = find_number(r->folder, UINT64_MAX);
	struct log_record record;
	off_t at, size = 0;

	if (!number || open_file(r, number, e))
		return number ? -1 : 0;
	for (;;) {
		if (file_size(r, &size, e))
			return -1;
		if (first_record(r, 0, size, &at, &record) && is_before(&record, r->question->since))
			return halve(r, e);
		if (!open_before(r))
			return 0; /* all that there is */
	}
}

/* Counts lines backwards in count bytes of the window, which begins at offset start of the file. True: r->at is where the tail begins.
 * Else *ret_first is where the first whole record of the window begins; count: there is none. */
static bool count_back(struct reader *r, off_t start, size_t count, int64_t *lines, size_t *ret_first)
{
	const char *first = start ? memchr(r->window, '\n', count) : NULL;
	const char *low = first ? first + 1 : start ? r->window + count : r->window, *high = memrchr(r->window, '\n', count), *begin;

	*ret_first = (size_t)(low - r->window);
	for (high = high ? high + 1 : low; high > low; high = begin) {
		const char *before = memrchr(low, '\n', (size_t)(high - low) - 1);
		struct log_record record;

		begin = before ? before + 1 : low;
		if (log_record_read(begin, (size_t)(high - begin), NULL, &record))
			continue; /* damaged */
		if (is_before(&record, r->question->since) ||
		    (is_wanted(r->question, &record) && !record.is_partial && (*lines)-- == 0)) {
			r->at = start + (high - r->window);
			return true;
		}
	}
	return false;
}

/* The same in the whole open file. 1, or 0 where the tail begins before it. */
static int count_file(struct reader *r, int64_t *lines, struct error *e)
{
	off_t end = 0, start;
	size_t first;

	if (file_size(r, &end, e))
		return -1;
	for (; end > 0; end = start) {
		ssize_t count;

		start = end > WINDOW ? end - WINDOW : 0;
		count = read_window(r, start, (size_t)(end - start), e);
		if (count < 0)
			return -1;
		if (count_back(r, start, (size_t)count, lines, &first))
			return 1;
		if (first < (size_t)count)
			start += (off_t)first; /* else the window is damaged */
	}
	return 0;
}

/* Goes to where the last lines begin that are asked for. */
static int find_tail(struct reader *r, struct error *e)
{
	uint64_t number = find_number(r->folder, UINT64_MAX);
	int64_t lines = r->question->tail;
	int result;

	if (!number || open_file(r, number, e))
		return number ? -1 : 0;
	do {
		result = count_file(r, &lines, e);
	} while (result == 0 && open_before(r));
	return result < 0 ? -1 : 0;
}

static int hear_record(struct reader *r, const char *json, size_t length, struct error *e)
{
	struct log_record record;

	if (log_record_read(json, length, r->line, &record))
		return 0; /* damaged */
	if (r->question->until && !is_before(&record, r->question->until))
		r->is_over = true;
	return is_wanted(r->question, &record) ? r->hearer->hear(&record, json, length, r->hearer->data, e) : 0;
}

/* What is in the open file from here on. *ret_more: something was there. */
static int read_some(struct reader *r, bool *ret_more, struct error *e)
{
	ssize_t count = read_window(r, r->at, WINDOW, e);
	const char *at = r->window, *end = r->window + count, *newline;

	*ret_more = false;
	if (count < 0)
		return -1;
	while (!r->is_over && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		if (hear_record(r, at, (size_t)(newline - at), e))
			return -1;
		at = newline + 1;
	}
	if (at == r->window && count == WINDOW)
		at = end; /* no record in a whole window */
	*ret_more = at > r->window;
	r->at += at - r->window;
	return 0;
}

/* Reads the open file to its end, and then those after it. A file is complete as soon as the next one is there. */
static int read_on(struct reader *r, struct error *e)
{
	uint64_t next = 0;
	bool more;

	while (!r->is_over) {
		if (r->fd >= 0 && read_some(r, &more, e))
			return -1;
		if (r->fd >= 0 && more)
			continue;
		if (!next) {
			next = find_number(r->folder, r->number);
			if (!next)
				return 0;
			continue; /* what came before it was there */
		}
		if (r->number && next > r->number + 1 && r->hearer->missed)
			r->hearer->missed(next - r->number - 1, r->hearer->data);
		if (open_file(r, next, e) && e->sys == ENOENT)
			error_clear(e); /* removed meanwhile: those after it are there */
		else if (r->number != next)
			return -1;
		next = 0;
	}
	return 0;
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
	autofree char *path = text_format("/proc/self/fd/%d", r->folder);
	bool goes_on = true;

	if (watch >= 0)
		(void)inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE);
	while (!r->is_over) {
		bool was_last = !goes_on || has_passed(r->question->until);

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
	struct reader r = { .folder = folder, .question = question, .hearer = hearer, .fd = -1 };
	int result = 0;

	r.window = alloc_zeroed(2, WINDOW);
	r.line = r.window + WINDOW;
	if (question->tail >= 0)
		result = find_tail(&r, e);
	else if (question->since)
		result = find_since(&r, e);
	if (result == 0)
		result = question->follow ? follow(&r, e) : read_on(&r, e);
	if (r.fd >= 0)
		close(r.fd);
	free(r.window);
	return result;
}
