/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - what people see of a build.
 */
#include "cli/build/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { LAST_LINES = 20, LINE_LIMIT = 16 << 10, REDRAW_MS = 100 };

struct vertex {
	char *words;
	int64_t began_ms;
	bool is_over;
	struct text line;  /* what has come of one */
	struct list last;  /* lines, for a failure, and for the screen */
};

struct build_log {
	enum build_log_style style;
	struct vertex *items;
	size_t count;
	size_t drawn;      /* lines on the screen that are redrawn */
	int64_t drawn_ms;
};

static void print(const struct text *text)
{
	if (text->length)
		(void)write_all(STDERR_FILENO, text->data, text->length); /* nobody reads it: the build goes on */
}

struct build_log *build_log_new(enum build_log_style style)
{
	struct build_log *log = alloc_zeroed(1, sizeof *log);

	log->style = style;
	return log;
}

static size_t screen_width(void)
{
	struct winsize size = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void erase(struct build_log *log, struct text *out)
{
	for (; log->drawn; log->drawn--)
		text_add(out, "\033[1A\033[2K");
}

/* One line, cut to the screen: bytes of a character that is cut stay together. */
static void add_cut(struct text *out, const char *line, size_t width)
{
	size_t at = 0, cells = 0;

	for (; line[at] && cells < width; cells++) {
		size_t length = utf8_length((const unsigned char *)line + at, strlen(line + at));

		at += length ? length : 1;
	}
	text_add_bytes(out, line, at);
	text_add_char(out, '\n');
}

/* The steps that run, each with its last line. */
static void draw(struct build_log *log, struct text *out)
{
	size_t width = screen_width() - 1;
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < log->count; i++) {
		const struct vertex *v = &log->items[i];
		autofree char *head = NULL;

		if (v->is_over)
			continue;
		head = text_format("#%zu %s  %lld.%llds", i + 1, v->words, (long long)((now - v->began_ms) / 1000),
				   (long long)((now - v->began_ms) / 100 % 10));
		add_cut(out, head, width);
		log->drawn++;
		if (v->last.count) {
			autofree char *below = text_format("   %s", v->last.items[v->last.count - 1]);

			add_cut(out, below, width);
			log->drawn++;
		}
	}
	log->drawn_ms = now;
}

/* What stays on the screen, above what is redrawn. */
static void tell(struct build_log *log, const char *line)
{
	autorelease(text) struct text out = { 0 };

	if (log->style == BUILD_LOG_QUIET)
		return;
	erase(log, &out);
	text_add(&out, line);
	text_add_char(&out, '\n');
	if (log->style == BUILD_LOG_TTY)
		draw(log, &out);
	print(&out);
}

unsigned build_log_add(struct build_log *log, const char *words)
{
	struct vertex *v = alloc_append(&log->items, &log->count, sizeof *v);
	autorelease(text) struct text shown = { 0 };
	autofree char *line = NULL;

	/* What a build file says cannot steer the caller's terminal. */
	text_add_escaped(&shown, words, strlen(words));
	line = text_format("#%zu %s", log->count, shown.length ? shown.data : "");
	*v = (struct vertex){ .words = alloc_copy(shown.length ? shown.data : ""), .began_ms = clock_monotonic_ms() };
	if (log->style == BUILD_LOG_PLAIN)
		tell(log, line);
	return (unsigned)log->count - 1;
}

static void end_line(struct build_log *log, unsigned number)
{
	struct vertex *v = &log->items[number];
	int64_t passed = clock_monotonic_ms() - v->began_ms;
	autorelease(text) struct text shown = { 0 };
	autorelease(text) struct text line = { 0 };

	/* What a step writes cannot steer the caller's terminal. */
	text_add_escaped(&shown, v->line.length ? v->line.data : "", v->line.length);
	text_addf(&line, "#%u %lld.%02lld %s", number + 1, (long long)(passed / 1000), (long long)(passed / 10 % 100),
		  shown.length ? shown.data : "");
	if (v->last.count == LAST_LINES) {
		free(v->last.items[0]);
		memmove(v->last.items, v->last.items + 1, v->last.count * sizeof *v->last.items); /* with the NULL behind them */
		v->last.count--;
	}
	list_add(&v->last, shown.length ? shown.data : "");
	text_clear(&v->line);
	if (log->style == BUILD_LOG_PLAIN)
		tell(log, line.data);
}

void build_log_output(struct build_log *log, unsigned number, const char *bytes, size_t length)
{
	struct vertex *v = &log->items[number];

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' || v->line.length == LINE_LIMIT)
			end_line(log, number);
		if (bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n'))
			end_line(log, number); /* progress bars: a line each */
		else if (bytes[i] != '\n' && bytes[i] != '\r')
			text_add_char(&v->line, bytes[i]);
	}
	if (log->style == BUILD_LOG_TTY && clock_monotonic_ms() - log->drawn_ms >= REDRAW_MS) {
		autorelease(text) struct text out = { 0 };

		erase(log, &out);
		draw(log, &out);
		print(&out);
	}
}

void build_log_end(struct build_log *log, unsigned number, const char *how, bool shows_time)
{
	struct vertex *v = &log->items[number];
	int64_t passed = clock_monotonic_ms() - v->began_ms;
	autorelease(text) struct text line = { 0 };

	if (v->line.length)
		end_line(log, number);
	v->is_over = true;
	text_addf(&line, "#%u ", number + 1);
	if (log->style == BUILD_LOG_TTY)
		text_addf(&line, "%s ", v->words);
	text_add(&line, how);
	if (shows_time)
		text_addf(&line, " %lld.%llds", (long long)(passed / 1000), (long long)(passed / 100 % 10));
	tell(log, line.data);
}

void build_log_fail(struct build_log *log, unsigned number)
{
	struct vertex *v = &log->items[number];

	build_log_end(log, number, "ERROR", /* shows_time= */ true);
	/* In the plain style they were told as they came. */
	for (size_t i = 0; log->style != BUILD_LOG_PLAIN && i < v->last.count; i++) {
		autorelease(text) struct text line = { 0 };

		text_addf(&line, "#%u > %s\n", number + 1, v->last.items[i]);
		print(&line);
	}
}

void build_log_free(struct build_log *log)
{
	for (size_t i = 0; log && i < log->count; i++) {
		free(log->items[i].words);
		text_release(&log->items[i].line);
		list_release(&log->items[i].last);
	}
	if (log)
		free(log->items);
	free(log);
}
