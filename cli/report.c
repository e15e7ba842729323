/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - what box says.
 *
 * Everything that comes from outside (names, texts of images) is escaped, so that it cannot steer a terminal.
 */
#include "cli/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "specs/app.h"

static void add_place(struct text *line, const struct app *app, const char *file, const struct error *e)
{
	int number = app && e->field[0] ? app_error_line(app, e->field) : 0;

	if (!e->field[0])
		return;
	if (number)
		text_addf(line, "%s:%d: ", file ? file : "", number);
	text_addf(line, "%s: ", e->field);
}

void report_error(const struct app *app, const char *file, const struct error *e)
{
	autorelease(text) struct text line = { 0 };
	autorelease(text) struct text escaped = { 0 };

	add_place(&line, app, file, e);
	text_add(&line, e->text);
	text_add(&escaped, "box: ");
	text_add_escaped(&escaped, line.data, line.length);
	text_add_char(&escaped, '\n');
	if (e->hint[0]) {
		text_add(&escaped, "  hint: ");
		text_add_escaped(&escaped, e->hint, strlen(e->hint));
		text_add_char(&escaped, '\n');
	}
	if (log_is_redirected())
		log_error("%s", line.data);
	(void)write_all(STDERR_FILENO, escaped.data, escaped.length); /* nowhere left to tell */
}

int report_run_status(const struct error *e)
{
	return e->kind == ERROR_NOT_FOUND ? 127 : e->kind == ERROR_NOT_EXECUTABLE ? 126 : EXIT_BOX_FAILED;
}

int report_text(const struct text *text, struct error *e)
{
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

void report_table(const struct list *cells, size_t columns, struct text *ret)
{
	size_t *widths = alloc_zeroed(columns, sizeof *widths);
	autorelease(list) struct list shown = { 0 };

	for (size_t i = 0; i < cells->count; i++) {
		struct text escaped = { 0 };

		text_add_escaped(&escaped, cells->items[i], strlen(cells->items[i]));
		if (escaped.length > widths[i % columns])
			widths[i % columns] = escaped.length;
		list_take(&shown, text_take(&escaped));
	}
	for (size_t i = 0; i < shown.count; i++) {
		if (i % columns == columns - 1)
			text_addf(ret, "%s\n", shown.items[i]);
		else
			text_addf(ret, "%-*s  ", (int)widths[i % columns], shown.items[i]);
	}
	free(widths);
}

void report_json_text(struct text *ret, const char *value)
{
	text_add_char(ret, '"');
	for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
		if (*at == '"' || *at == '\\')
			text_addf(ret, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			text_addf(ret, "\\u%04x", *at);
		else
			text_add_char(ret, (char)*at);
	}
	text_add_char(ret, '"');
}
