/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - what box says.
 *
 * Everything that comes from outside (names, texts of images) is escaped, so that it cannot steer a terminal.
 */
#include "cli/report.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/full_disk.h"
#include "specs/app.h"

enum { COLUMN_GAP = 2, COLUMN_LEAST = 8 };

static void add_place(struct text *line, const struct app *app, const char *file, const struct error *e)
{
	int number = app && e->field[0] ? app_error_line(app, e->field) : 0;

	const char *option = app ? app_option(app, e->field) : NULL;

	if (!e->field[0])
		return;
	if (option) {
		text_addf(line, "option --%s: ", option);
		return;
	}
	if (number)
		text_addf(line, "%s:%d: ", file ? file : "", number);
	if (app && app_prefix(app))
		text_addf(line, "%s.", app_prefix(app));
	text_addf(line, "%s: ", e->field);
}

static bool has_failed;
static const struct places *known_places;

void report_places(const struct places *places)
{
	known_places = places;
}

bool report_has_failed(void)
{
	return has_failed;
}

void report_problem(const char *text, const char *hint)
{
	autorelease(text) struct text escaped = { 0 };

	text_add(&escaped, "box: ");
	text_add_escaped(&escaped, text, strlen(text));
	text_add_char(&escaped, '\n');
	if (hint[0]) {
		text_add(&escaped, "  hint: ");
		text_add_escaped(&escaped, hint, strlen(hint));
		text_add_char(&escaped, '\n');
	}
	(void)write_all(STDERR_FILENO, escaped.data, escaped.length); /* nowhere left to tell */
}

void report_error(const struct app *app, const char *file, const struct error *e)
{
	autorelease(text) struct text line = { 0 };
	autorelease(text) struct text full = { 0 };

	has_failed = true;
	if (e->sys == ENOSPC && !e->hint[0] && known_places)
		full_disk_hint(known_places, &full);
	add_place(&line, app, file, e);
	text_add(&line, e->text);
	if (log_is_redirected())
		log_error("%s", line.data);
	report_problem(line.data ? line.data : "", full.length ? full.data : e->hint);
}

int report_failure(const struct error *e)
{
	report_error(NULL, NULL, e);
	return e->kind == ERROR_USAGE ? EXIT_BOX_FAILED : 1;
}

int report_run_status(const struct error *e)
{
	return e->kind == ERROR_NOT_FOUND ? 127 : e->kind == ERROR_NOT_EXECUTABLE ? 126 : EXIT_BOX_FAILED;
}

int report_text(const struct text *text, struct error *e)
{
	autorelease(text) struct text shown = { 0 };

	/* What is no JSON has been escaped, and has nothing of this kind. */
	if (text->length && isatty(STDOUT_FILENO)) {
		json_add_shown(&shown, text->data, text->length);
		text = &shown;
	}
	if (text->length && write_all(STDOUT_FILENO, text->data, text->length))
		return error_sys(e, "write to stdout");
	return 0;
}

void report_line(const char *line)
{
	autorelease(text) struct text escaped = { 0 };

	text_add(&escaped, "box: ");
	text_add_escaped(&escaped, line, strlen(line));
	text_add_char(&escaped, '\n');
	(void)write_all(STDERR_FILENO, escaped.data, escaped.length); /* nowhere left to tell */
}

size_t report_width(void)
{
	struct winsize size = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Letters, not bytes; text_add_escaped has left nothing but printable ASCII and well-formed UTF-8. */
static size_t letters(const char *cell)
{
	size_t count = 0;

	for (; *cell; cell++)
		count += (*cell & 0xc0) != 0x80;
	return count;
}

static void add_cell(struct text *ret, const char *cell, size_t width, bool is_last)
{
	size_t count = letters(cell), keep = count > width ? width - 1 : count;

	for (size_t seen = 0; *cell; cell++) {
		seen += (*cell & 0xc0) != 0x80;
		if (seen > keep)
			break;
		text_add_char(ret, *cell);
	}
	if (count > width)
		text_add(ret, "…");
	for (size_t i = count > width ? width : count; !is_last && i < width + COLUMN_GAP; i++)
		text_add_char(ret, ' ');
}

/* Takes from the widest column until all fit, or until none has much to give. */
static void shrink(size_t *widths, size_t columns, size_t width)
{
	for (;;) {
		size_t total = COLUMN_GAP * (columns - 1), widest = 0;

		for (size_t i = 0; i < columns; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= width || widths[widest] <= COLUMN_LEAST)
			return;
		widths[widest]--;
	}
}

void report_table(const struct list *cells, size_t columns, size_t width, struct text *ret)
{
	size_t *widths = alloc_zeroed(columns, sizeof *widths);
	autorelease(list) struct list shown = { 0 };

	for (size_t i = 0; i < cells->count; i++) {
		struct text escaped = { 0 };
		size_t count;

		text_add_escaped(&escaped, cells->items[i], strlen(cells->items[i]));
		list_take(&shown, text_take(&escaped));
		count = letters(shown.items[i]);
		if (count > widths[i % columns])
			widths[i % columns] = count;
	}
	if (width)
		shrink(widths, columns, width);
	for (size_t i = 0; i < shown.count; i++) {
		bool is_last = i % columns == columns - 1;

		add_cell(ret, shown.items[i], widths[i % columns], is_last);
		if (is_last)
			text_add_char(ret, '\n');
	}
	free(widths);
}
