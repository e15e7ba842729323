/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_explain.c - box explain: why an app ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/box.h"
#include "runtime/exit_record.h"
#include "runtime/job_outlook.h"
#include "specs/app.h"

struct options {
	const char *format;
};

const struct option_row explain_options[] = {
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "text|json", "form of the answer (default: text)" },
	{ 0 },
};

/* The file may have changed since, or be gone: then the field alone has to do. */
static struct app *load_spec(const struct exit_record *record)
{
	const struct app_options plain = { 0 };
	struct app *app = NULL;
	struct error ignored = { 0 };

	if (record->spec_file && app_load(record->spec_file, &plain, &app, &ignored))
		return NULL;
	return app;
}

static void add_field(const struct exit_record *record, const struct app *app, const char *field, struct text *ret)
{
	int line = app ? app_error_line(app, field) : 0;

	text_add(ret, "    see ");
	if (record->spec_file)
		text_add_escaped(ret, record->spec_file, strlen(record->spec_file));
	if (line)
		text_addf(ret, ":%d", line);
	text_addf(ret, "%s%s\n", record->spec_file ? ": " : "", field);
}

static void add_reasons(const struct exit_record *record, struct text *ret)
{
	struct exit_reasons reasons = { 0 };
	struct app *app = load_spec(record);

	exit_record_reasons(record, &reasons);
	for (size_t i = 0; i < reasons.count; i++) {
		text_add(ret, "  ");
		text_add_escaped(ret, reasons.items[i].text, strlen(reasons.items[i].text));
		text_add_char(ret, '\n');
		if (reasons.items[i].field && *reasons.items[i].field)
			add_field(record, app, reasons.items[i].field, ret);
	}
	exit_reasons_release(&reasons);
	app_free(app);
}

static void add_lines(const struct exit_record *record, struct text *ret)
{
	if (record->lines.count)
		text_add(ret, "  its last lines:\n");
	for (size_t i = 0; i < record->lines.count; i++) {
		text_add(ret, "    ");
		text_add_escaped(ret, record->lines.items[i], strlen(record->lines.items[i]));
		text_add_char(ret, '\n');
	}
}

static void add_story(const char *name, const struct exit_record *record, const struct list *numbers, struct text *ret)
{
	autofree char *headline = exit_record_headline(record);

	text_addf(ret, "%s, run %jd: %s\n", record->name, (intmax_t)record->number, headline);
	if (record->started)
		text_addf(ret, "  started %s, ended %s\n", record->started, record->ended);
	else if (record->ended)
		text_addf(ret, "  tried %s\n", record->ended);
	add_reasons(record, ret);
	add_lines(record, ret);
	if (numbers->count > 1)
		text_addf(ret, "  kept: runs %s to %s (box explain %s N)\n", numbers->items[0], numbers->items[numbers->count - 1],
			  name);
}

/* Of a job. */
static void add_next(const struct call *call, const char *name, struct text *ret)
{
	struct box_info info = { .name = (char *)name };
	char next[CLOCK_TEXT];

	job_describe(call->places, &info);
	if (info.next_run) {
		clock_print(info.next_run, 0, /* digits= */ 0, next);
		text_addf(ret, "  its schedule is %s: the next run is at %s\n", info.schedule, next);
	}
	free(info.schedule);
}

static int explain(const struct call *call, const struct options *options, const struct list *operands, struct text *ret, struct error *e)
{
	autorelease(list) struct list numbers = { 0 };
	struct exit_record record = { 0 };
	int64_t number = 0;
	bool is_json = options->format && strcmp(options->format, "json") == 0;

	if (operands->count < 1 || operands->count > 2)
		return error_set(e, ERROR_USAGE, "explain: expected NAME, perhaps with the number of a run");
	if (options->format && !is_json && strcmp(options->format, "text") != 0)
		return error_set(e, ERROR_USAGE, "option --format %s: expected text or json", options->format);
	if (operands->count == 2 && number_parse(operands->items[1], 1, INT64_MAX, &number))
		return error_set(e, ERROR_USAGE, "explain %s: expected the number of a run, found \"%.80s\"", operands->items[0],
				 operands->items[1]);
	if (box_explain(call->places, operands->items[0], number, &record, &numbers, e))
		return -1;
	if (is_json)
		exit_record_dump(&record, ret);
	else
		add_story(operands->items[0], &record, &numbers, ret);
	if (!is_json)
		add_next(call, operands->items[0], ret);
	if (is_json && !text_ends(ret->data, "\n"))
		text_add_char(ret, '\n');
	exit_record_release(&record);
	return 0;
}

int command_explain(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(explain_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    explain(call, &options, &operands, &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
