/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_printer.c - records of logs on stdout and stderr.
 *
 * An app's stdout goes to stdout and its stderr to stderr. Where that is a terminal, an app must not be able to steer it: what is not
 * printable is shown as \x1b, or, in JSON, as \u001b. Anything else gets the bytes as they were.
 */
#include "cli/log_printer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "cli/report.h"

enum { OUTPUT_MOST = 64 << 10 };

void log_printer_init(struct log_printer *p, bool is_json, bool has_times, const char *who)
{
	*p = (struct log_printer){ .is_json = is_json, .has_times = has_times, .who = who, .fd = STDOUT_FILENO };
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		p->is_terminal[fd] = isatty(fd);
}

void log_printer_release(struct log_printer *p)
{
	text_release(&p->out);
}

int log_printer_end(struct log_printer *p, struct error *e)
{
	int result = write_all(p->fd, p->out.data, p->out.length);

	text_clear(&p->out);
	return result ? error_sys(e, "write to %s", p->fd == STDOUT_FILENO ? "stdout" : "stderr") : 0;
}

/* A tab moves the cursor and nothing else. */
static void add_shown(struct text *ret, const char *line, size_t length)
{
	while (length) {
		const char *tab = memchr(line, '\t', length);
		size_t step = tab ? (size_t)(tab - line) : length;

		text_add_escaped(ret, line, step);
		if (tab)
			text_add_char(ret, '\t');
		step += tab ? 1 : 0;
		line += step;
		length -= step;
	}
}

static void add_line(struct log_printer *p, const struct log_record *record)
{
	const char **inside = &p->inside[record->stream];
	bool goes_on = *inside && *inside == p->who;

	/* The last line of an app may have no end. */
	if (*inside && !goes_on)
		text_add_char(&p->out, '\n');
	if (*p->who && !goes_on)
		text_addf(&p->out, "%s | ", p->who);
	if (p->has_times && !goes_on) {
		text_add_bytes(&p->out, record->time, LOG_TIME);
		text_add_char(&p->out, ' ');
	}
	if (p->is_terminal[p->fd])
		add_shown(&p->out, record->line, record->length);
	else
		text_add_bytes(&p->out, record->line, record->length);
	if (!record->is_partial)
		text_add_char(&p->out, '\n');
	*inside = record->is_partial ? p->who : NULL;
}

int log_printer_hear(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	struct log_printer *p = data;
	int fd = p->is_json || record->stream == LOG_STDOUT ? STDOUT_FILENO : STDERR_FILENO;

	if ((fd != p->fd || p->out.length > OUTPUT_MOST) && log_printer_end(p, e))
		return -1;
	p->fd = fd;
	if (!p->is_json) {
		add_line(p, record);
		return 0;
	}
	if (*p->who) {
		text_addf(&p->out, "{\"name\":\"%s\",", p->who);
		json++;
		length--;
	}
	if (p->is_terminal[fd])
		json_add_shown(&p->out, json, length);
	else
		text_add_bytes(&p->out, json, length);
	text_add_char(&p->out, '\n');
	return 0;
}

bool log_printer_show(void *data)
{
	struct error unheard = { 0 };

	(void)log_printer_end(data, &unheard); /* said at the end, when it fails again */
	return true;
}

void log_printer_missed(uint64_t files, void *data)
{
	autofree char *line = text_format("%ju log files were removed before they were read, continuing: take a larger logging.max_files",
					  (uintmax_t)files);

	(void)log_printer_show(data);
	report_line(line);
}
