/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_explain.c - box explain: why apps ended.
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
#include "runtime/apps/apps.h"
#include "runtime/box.h"
#include "runtime/exits/exit_record.h"
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
	} else if (info.schedule) {
		text_addf(ret, "  its schedule is %s: nobody waits for it now; box start %s does, and runs it now\n", info.schedule, name);
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

struct explanation {
	const struct call *call;
	int64_t number; /* of a run; 0: the last one */
	bool is_json, is_of_several;
	size_t shown;
};

/* Of several those of which no run has ended are no error: most often they run. */
static int explain_none(const struct explanation *x, const char *name, struct text *ret, struct error *e)
{
	if (x->number || e->kind != ERROR_MISSING || (x->is_json && !x->is_of_several))
		return -1;
	if (!x->is_json && explain_first(x->call, name, ret)) {
		error_clear(e);
		return 0;
	}
	if (!x->is_of_several || !apps_exists(x->call->places, name))
		return -1;
	if (!x->is_json)
		text_addf(ret, "%s: no run of it has ended yet\n", name);
	error_clear(e);
	return 0;
}

static int explain(struct explanation *x, const char *name, struct text *ret, struct error *e)
{
	autorelease(list) struct list numbers = { 0 };
	struct exit_record record = { 0 };

	if (box_explain(x->call->places, name, x->number, &record, &numbers, e))
		return explain_none(x, name, ret, e);
	if (x->is_json) {
		text_add(ret, x->shown++ ? ",\n" : "");
		exit_record_dump(&record, ret);
		while (text_ends(ret->data, "\n"))
			ret->data[--ret->length] = '\0';
	} else {
		exit_story_add(name, &record, &numbers, ret);
		add_next(x->call, name, ret);
	}
	exit_record_release(&record);
	return 0;
}

/* One that cannot be explained does not keep the others. */
static int explain_all(struct explanation *x, const struct list *names)
{
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int status = 0;

	text_add(&out, x->is_json && x->is_of_several ? "[\n" : "");
	for (size_t i = 0; i < names->count; i++) {
		error_clear(&e);
		if (explain(x, names->items[i], &out, &e))
			status = report_failure(&e);
	}
	text_add(&out, !x->is_json ? "" : x->is_of_several ? "\n]\n" : x->shown ? "\n" : "");
	error_clear(&e);
	return report_text(&out, &e) ? report_failure(&e) : status;
}

/* "web 3" is a run of one app; an app of such a name has to be told beside another one, or alone. */
static int read_number(const struct call *call, struct list *operands, int64_t *ret, struct error *e)
{
	*ret = 0;
	if (operands->count != 2 || apps_exists(call->places, operands->items[1]) || number_parse(operands->items[1], 1, INT64_MAX, ret))
		return 0;
	free(operands->items[--operands->count]);
	operands->items[operands->count] = NULL;
	return targets_one(call, operands, 0, e);
}

int command_explain(const struct call *call)
{
	static const char *const forms[] = { "text", "json", NULL };
	autorelease(list) struct list operands = { 0 };
	struct explanation x = { .call = call };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(explain_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    options_one_of("format", options.format, forms, &e))
		return report_failure(&e);
	if (!operands.count) {
		error_set(&e, ERROR_USAGE, "explain: expected NAME, perhaps with the number of a run, or several");
		return report_failure(&e);
	}
	if (read_number(call, &operands, &x.number, &e) || targets_all(call, &operands, &e))
		return report_failure(&e);
	x.is_json = text_equal(options.format, "json");
	x.is_of_several = operands.count > 1;
	return explain_all(&x, &operands);
}
