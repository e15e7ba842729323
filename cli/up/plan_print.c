/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_print.c - a plan in words, and as JSON.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cli/report.h"
#include "cli/up/plan.h"

const char *up_plan_word(enum plan_kind kind)
{
	static const char *const words[] = {
		[PLAN_KEEP] = "keep",	    [PLAN_DONE] = "done",	[PLAN_CREATE] = "create", [PLAN_START] = "start",
		[PLAN_REPLACE] = "replace", [PLAN_ADD] = "add",		[PLAN_REMOVE] = "remove", [PLAN_PROMOTE] = "promote",
		[PLAN_RETIRE] = "retire",   [PLAN_ORPHAN] = "orphan",	[PLAN_RESTART] = "restart",
	};

	return words[kind];
}

static const char *order_word(const struct plan_action *action)
{
	if (action->kind != PLAN_REPLACE)
		return NULL;
	return action->order == UPDATE_START_FIRST ? "start-first" : "stop-first";
}

/* A line whose last cell is empty ends with the one before. */
static void add_lines(const char *table, struct text *ret)
{
	for (const char *end; (end = strchr(table, '\n')); table = end + 1) {
		const char *last = end;

		while (last > table && last[-1] == ' ')
			last--;
		text_add_bytes(ret, table, (size_t)(last - table));
		text_add_char(ret, '\n');
	}
}

/* "start-first, 2 replicas: changed: command" */
static void add_reason(struct list *cells, const struct plan_action *action)
{
	autorelease(text) struct text words = { 0 };
	const char *order = order_word(action);

	text_add(&words, order ? order : "");
	if (action->replicas > 1)
		text_addf(&words, "%s%jd replicas", words.length ? ", " : "", (intmax_t)action->replicas);
	if (action->reason)
		text_addf(&words, "%s%s", words.length ? ": " : "", action->reason);
	list_add(cells, words.data ? words.data : "");
}

void up_plan_print(const struct plan *plan, struct text *ret)
{
	autorelease(list) struct list cells = { 0 };
	autorelease(text) struct text table = { 0 };

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_action *action = &plan->actions[i];

		list_add(&cells, up_plan_word(action->kind));
		list_add(&cells, action->instance);
		add_reason(&cells, action);
	}
	if (plan->count)
		report_table(&cells, 3, /* width= */ 0, &table);
	if (table.length)
		add_lines(table.data, ret);
}

void up_plan_print_json(const struct plan *plan, struct text *ret)
{
	text_add(ret, "[");
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_action *action = &plan->actions[i];

		text_add(ret, i ? ",\n  {" : "\n  {");
		json_add_member(ret, "action", up_plan_word(action->kind));
		json_add_member(ret, "service", action->service);
		json_add_member(ret, "instance", action->instance);
		json_add_number(ret, "generation", (uint64_t)action->generation);
		json_add_member(ret, "order", order_word(action));
		json_add_member(ret, "reason", action->reason);
		text_add(ret, "}");
	}
	text_add(ret, plan->count ? "\n]\n" : "]\n");
}
