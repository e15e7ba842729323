/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_cursor.c - a place in a log, from which its records are read one by one.
 *
 * A file is read by windows. No record is longer than half of the largest, so each of that size has a whole record in it, unless the file
 * is damaged there: then the window is passed over. What follows the last newline may still be written, and is read again when there is
 * more.
 */
#include "runtime/logs/log_cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/supervise/log_record.h"

enum { WINDOW = LOG_CURSOR_LINE, SMALL_WINDOW = 16 << 10 };

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

static int open_file(struct log_cursor *c, uint64_t number, struct error *e)
{
	autofree char *name = text_format("%ju", (uintmax_t)number);
	int fd = openat(c->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return error_sys(e, "open the log file %s", name);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
	c->number = number;
	c->at = 0;
	return 0;
}

/* The file before the open one, as far as files follow each other: a hole is where somebody else has removed one. */
static bool open_before(struct log_cursor *c)
{
	struct error gone = { 0 };

	return c->number > 1 && open_file(c, c->number - 1, &gone) == 0;
}

static ssize_t read_window(struct log_cursor *c, off_t at, size_t most, struct error *e)
{
	ssize_t count = pread(c->fd, c->window, most < WINDOW ? most : WINDOW, at);

	return count < 0 ? error_sys(e, "read the log file %ju", (uintmax_t)c->number) : count;
}

static int file_size(struct log_cursor *c, off_t *ret, struct error *e)
{
	struct stat status;

	if (fstat(c->fd, &status))
		return error_sys(e, "look at the log file %ju", (uintmax_t)c->number);
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
static bool first_record(struct log_cursor *c, off_t from, off_t end, off_t *ret_at, struct log_record *ret)
{
	struct error ignored = { 0 };
	ssize_t count = from < end ? read_window(c, from, (size_t)(end - from), &ignored) : 0;
	const char *start = c->window, *stop = c->window + (count > 0 ? count : 0), *newline;

	if (from > 0 && (newline = memchr(start, '\n', (size_t)(stop - start))))
		start = newline + 1;
	else if (from > 0)
		return false;
	for (; (newline = memchr(start, '\n', (size_t)(stop - start))); start = newline + 1) {
		if (log_record_read(start, (size_t)(newline - start), NULL, ret) == 0) {
			*ret_at = from + (start - c->window);
			return true;
		}
	}
	return false;
}

/* Halves the open file until what is left is a window. Everything before c->at is older than since then. */
static int halve(struct log_cursor *c, struct error *e)
{
	struct log_record record;
	off_t low = 0, high = 0, found;

	if (file_size(c, &high, e))
		return -1;
	while (high - low > WINDOW) {
		off_t middle = low + (high - low) / 2;

		if (first_record(c, middle, high, &found, &record) && is_before(&record, c->question->since))
			low = found;
		else
			high = middle;
	}
	c->at = low;
	return 0;
}

/* Goes to the file in which the first record since that time is. */
static int find_since(struct log_cursor *c, struct error *e)
{
	uint64_t number = find_number(c->folder, UINT64_MAX);
	struct log_record record;
	off_t at, size = 0;

	if (!number || open_file(c, number, e))
		return number ? -1 : 0;
	for (;;) {
		if (file_size(c, &size, e))
			return -1;
		if (first_record(c, 0, size, &at, &record) && is_before(&record, c->question->since))
			return halve(c, e);
		if (!open_before(c))
			return 0; /* all that there is */
	}
}

/* Counts lines backwards in count bytes of the window, which begins at offset start of the file. True: c->at is where the tail begins.
 * Else *ret_first is where the first whole record of the window begins; count: there is none. */
static bool count_back(struct log_cursor *c, off_t start, size_t count, int64_t *lines, size_t *ret_first)
{
	const char *first = start ? memchr(c->window, '\n', count) : NULL;
	const char *low = first ? first + 1 : start ? c->window + count : c->window, *high = memrchr(c->window, '\n', count), *begin;

	*ret_first = (size_t)(low - c->window);
	for (high = high ? high + 1 : low; high > low; high = begin) {
		const char *before = memrchr(low, '\n', (size_t)(high - low) - 1);
		struct log_record record;

		begin = before ? before + 1 : low;
		if (log_record_read(begin, (size_t)(high - begin), NULL, &record))
			continue; /* damaged */
		if (is_before(&record, c->question->since) ||
		    (is_wanted(c->question, &record) && !record.is_partial && (*lines)-- == 0)) {
			c->at = start + (high - c->window);
			return true;
		}
	}
	return false;
}

/* The same in the whole open file. 1, or 0 where the tail begins before it. */
static int count_file(struct log_cursor *c, int64_t *lines, struct error *e)
{
	off_t end = 0, start;
	size_t first;

	if (file_size(c, &end, e))
		return -1;
	for (; end > 0; end = start) {
		ssize_t count;

		start = end > WINDOW ? end - WINDOW : 0;
		count = read_window(c, start, (size_t)(end - start), e);
		if (count < 0)
			return -1;
		if (count_back(c, start, (size_t)count, lines, &first))
			return 1;
		if (first < (size_t)count)
			start += (off_t)first; /* else the window is damaged */
	}
	return 0;
}

/* Goes to where the last lines begin that are asked for. */
static int find_tail(struct log_cursor *c, struct error *e)
{
	uint64_t number = find_number(c->folder, UINT64_MAX);
	int64_t lines = c->question->tail;
	int result;

	if (!number || open_file(c, number, e))
		return number ? -1 : 0;
	do {
		result = count_file(c, &lines, e);
	} while (result == 0 && open_before(c));
	return result < 0 ? -1 : 0;
}

/* Goes on behind what was heard. 1: there may be a record; 0: nothing more is there now. */
static int fill(struct log_cursor *c, struct error *e)
{
	for (;;) {
		ssize_t count;

		c->at += (off_t)c->used;
		c->used = c->count = 0;
		count = read_window(c, c->at, c->size, e);
		if (count < 0)
			return -1;
		if (memchr(c->window, '\n', (size_t)count)) {
			c->count = (size_t)count;
			return 1;
		}
		if ((size_t)count < c->size)
			return 0;
		if (c->size == WINDOW) {
			c->at += WINDOW; /* no record in a whole window */
			return 1;
		}
		c->size = c->size * 2 < WINDOW ? c->size * 2 : WINDOW;
		c->window = alloc_resize(c->window, c->size, 1);
	}
}

/* The next line of the window that is a record, and one that was asked for. */
static bool take_record(struct log_cursor *c, char *line, struct log_record *ret)
{
	const char *newline;

	while (!c->is_over && (newline = memchr(c->window + c->used, '\n', c->count - c->used))) {
		c->json = c->window + c->used;
		c->length = (size_t)(newline - c->json);
		c->used += c->length + 1;
		if (log_record_read(c->json, c->length, line, ret))
			continue; /* damaged */
		c->is_over = c->question->until && !is_before(ret, c->question->until);
		if (is_wanted(c->question, ret))
			return true;
	}
	return false;
}

/* Reads the open file to its end, and then those after it. A file is complete as soon as the next one is there. */
int log_cursor_next(struct log_cursor *c, char *line, struct log_record *ret, struct error *e)
{
	uint64_t next = 0;

	for (;;) {
		int more;

		if (take_record(c, line, ret))
			return 1;
		if (c->is_over)
			return 0;
		more = c->fd >= 0 ? fill(c, e) : 0;
		if (more < 0)
			return -1;
		if (more)
			continue;
		if (!next) {
			next = find_number(c->folder, c->number);
			if (!next)
				return 0;
			continue; /* what came before it was there */
		}
		c->missed += c->number && next > c->number + 1 ? next - c->number - 1 : 0;
		if (open_file(c, next, e) && e->sys == ENOENT)
			error_clear(e); /* removed meanwhile: those after it are there */
		else if (c->number != next)
			return -1;
		next = 0;
	}
}

int log_cursor_begin(struct log_cursor *c, int folder, const struct log_question *question, bool is_one_of_many, struct error *e)
{
	int result = 0;

	*c = (struct log_cursor){ .folder = folder, .question = question, .fd = -1, .window = alloc_zeroed(1, WINDOW), .size = WINDOW };
	if (question->tail >= 0)
		result = find_tail(c, e);
	else if (question->since)
		result = find_since(c, e);
	if (is_one_of_many) {
		c->size = SMALL_WINDOW;
		c->window = alloc_resize(c->window, c->size, 1);
	}
	return result;
}

void log_cursor_release(struct log_cursor *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->window);
	*c = (struct log_cursor){ .fd = -1 };
}
