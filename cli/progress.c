/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - how far the blobs of an image are.
 *
 *     3f94e4e483ea  [=========>          ]  45%    12.0 MiB of 26.6 MiB
 *     …
 *     2 of 5 blobs, 31.2 MiB of 120 MiB, 18.4 MiB/s
 *
 * On a terminal that block is drawn over itself, at most ten times a second. Elsewhere a blob is one line, once it is there.
 */
#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/report.h"

enum { BAR = 20, DIGITS = 12, BLOBS = 1024, FRAME_MS = 100 };

struct blob {
	char *digest;
	int64_t first, at, size; /* first: what was there when we heard of it */
};

struct progress {
	bool is_quiet, is_terminal;
	const char *doing, *done;
	struct blob *blobs;
	size_t count;
	size_t lines; /* drawn, and to be drawn over */
	int64_t begin_ms, drawn_ms;
};

/* Lines that wrap cannot be drawn over: a narrow terminal gets the plain lines of a pipe. */
static bool is_narrow(const struct winsize *window)
{
	return window->ws_col && window->ws_col < 70;
}

struct progress *progress_new(bool is_quiet, const char *doing, const char *done)
{
	struct progress *progress = alloc_zeroed(1, sizeof *progress);
	const char *terminal = getenv("TERM");
	struct winsize window = { 0 };

	progress->is_quiet = is_quiet;
	progress->doing = doing;
	progress->done = done;
	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &window); /* without an answer the width is unknown: 0 */
	progress->is_terminal = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0 && !is_narrow(&window);
	progress->begin_ms = clock_monotonic_ms();
	return progress;
}

/* Up to the first line of the block, and everything below away. */
static void rewind_block(struct progress *progress, struct text *out)
{
	if (progress->lines)
		text_addf(out, "\x1b[%zuA\r\x1b[J", progress->lines);
	progress->lines = 0;
}

static void put(const struct text *out)
{
	if (out->length)
		(void)write_all(STDERR_FILENO, out->data, out->length); /* progress that cannot be shown is no failure */
}

void progress_free(struct progress *progress)
{
	autorelease(text) struct text out = { 0 };

	if (!progress)
		return;
	rewind_block(progress, &out);
	put(&out);
	for (size_t i = 0; i < progress->count; i++)
		free(progress->blobs[i].digest);
	free(progress->blobs);
	free(progress);
}

void progress_begins(const char *name, void *data)
{
	const struct progress *progress = data;
	autofree char *line = text_format("%s %s", progress->doing, name);

	if (!progress->is_quiet)
		report_line(line);
}

static const char *short_digest(const struct blob *blob)
{
	const char *colon = strchr(blob->digest, ':');

	return colon ? colon + 1 : blob->digest;
}

static void add_bar(const struct blob *blob, struct text *out)
{
	int filled = blob->size ? (int)(blob->at * BAR / blob->size) : BAR, percent = blob->size ? (int)(blob->at * 100 / blob->size) : 100;
	char at[32], size[32];

	text_addf(out, "%.*s  [", DIGITS, short_digest(blob));
	for (int i = 0; i < BAR; i++)
		text_add_char(out, i < filled ? '=' : i == filled ? '>' : ' ');
	text_addf(out, "] %3d%%  %10s of %s\n", percent, size_format((uint64_t)blob->at, at), size_format((uint64_t)blob->size, size));
}

static void add_total(const struct progress *progress, int64_t now, struct text *out)
{
	int64_t at = 0, size = 0, come = 0, elapsed = now - progress->begin_ms;
	size_t done = 0;
	char words[3][32];

	for (size_t i = 0; i < progress->count; i++) {
		at += progress->blobs[i].at;
		size += progress->blobs[i].size;
		come += progress->blobs[i].at - progress->blobs[i].first;
		done += progress->blobs[i].at == progress->blobs[i].size;
	}
	text_addf(out, "%zu of %zu blobs, %s of %s, %s/s\n", done, progress->count, size_format((uint64_t)at, words[0]),
		  size_format((uint64_t)size, words[1]), size_format((uint64_t)(elapsed > 0 ? come * 1000 / elapsed : 0), words[2]));
}

/* As many bars as the terminal has lines for: those that move. */
static void draw(struct progress *progress, int64_t now)
{
	autorelease(text) struct text out = { 0 };
	struct winsize window = { 0 };
	size_t room, lines = 1;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) || window.ws_row < 3)
		window.ws_row = 24;
	if (is_narrow(&window))
		return; /* it has become so meanwhile */
	room = (size_t)window.ws_row - 2;
	rewind_block(progress, &out);
	for (size_t i = 0; i < progress->count && lines < room; i++)
		if (progress->blobs[i].at < progress->blobs[i].size) {
			add_bar(&progress->blobs[i], &out);
			lines++;
		}
	add_total(progress, now, &out);
	progress->lines = lines;
	progress->drawn_ms = now;
	put(&out);
}

static struct blob *find(struct progress *progress, const char *digest, int64_t at, int64_t size)
{
	struct blob *blob;

	for (size_t i = 0; i < progress->count; i++)
		if (strcmp(progress->blobs[i].digest, digest) == 0)
			return &progress->blobs[i];
	if (progress->count == BLOBS)
		return NULL;
	blob = alloc_append(&progress->blobs, &progress->count, sizeof *blob);
	*blob = (struct blob){ .digest = alloc_copy(digest), .first = at, .at = -1, .size = size };
	return blob;
}

void progress_blob(const char *digest, int64_t at, int64_t size, void *data)
{
	struct progress *progress = data;
	struct blob *blob = progress->is_quiet ? NULL : find(progress, digest, at, size);
	int64_t now = clock_monotonic_ms();
	bool was_done;

	if (!blob)
		return;
	was_done = blob->at == blob->size;
	blob->at = at;
	if (progress->is_terminal) {
		if (now - progress->drawn_ms >= FRAME_MS)
			draw(progress, now);
	} else if (at == size && !was_done) {
		char words[32];
		autofree char *line = text_format("%s %.*s, %s", blob->first == size ? "have" : progress->done, DIGITS, short_digest(blob),
						  size_format((uint64_t)size, words));

		report_line(line);
	}
}
