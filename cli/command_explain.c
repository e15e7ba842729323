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
#include "cli/exit_story.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/box.h"
#include "runtime/exit_record.h"
#include "runtime/job_outlook.h"

struct options {
	const char *format;
};

const struct option_row explain_options[] = {
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "text|json", "form of the answer (default: text)" },
	{ 0 },
};

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

/* Of a job whose first time has not come there is something to tell, too. */
static bool explain_first(const struct call *call, const char *name, struct text *ret)
{
	autorelease(text) struct text next = { 0 };

	add_next(call, name, &next);
	if (next.length)
		text_addf(ret, "%s: it has not run yet\n%s", name, next.data);
	return next.length;
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
	if (box_explain(call->places, operands->items[0], number, &record, &numbers, e)) {
		if (is_json || number || e->kind != ERROR_MISSING || !explain_first(call, operands->items[0], ret))
			return -1;
		error_clear(e);
		return 0;
	}
	if (is_json)
		exit_record_dump(&record, ret);
	else
		exit_story_add(operands->items[0], &record, &numbers, ret);
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
	    targets_one(call, &operands, 0, &e) || explain(call, &options, &operands, &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
