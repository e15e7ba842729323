/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_top.c - box top: the processes of a container, and what they have used.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/processes.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/box.h"

struct options {
	bool no_trunc;
	const char *format;
};

const struct option_row top_options[] = {
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "whole commands, whatever the terminal's width" },
	{ 0 },
};

/* "12:34", "1:02:03", "3-04:05:06". */
static void add_duration(struct list *cells, int64_t us)
{
	long long seconds = us > 0 ? (long long)us / 1000000 : 0, hours = seconds / 3600;

	if (hours >= 24)
		list_addf(cells, "%lld-%02lld:%02lld:%02lld", hours / 24, hours % 24, seconds / 60 % 60, seconds % 60);
	else if (hours)
		list_addf(cells, "%lld:%02lld:%02lld", hours, seconds / 60 % 60, seconds % 60);
	else
		list_addf(cells, "%02lld:%02lld", seconds / 60, seconds % 60);
}

static void add_row(int pid, const struct process_facts *facts, const char *command, struct list *cells)
{
	list_addf(cells, facts->user < 0 ? "?" : "%lld", (long long)facts->user);
	list_addf(cells, "%d", pid);
	list_addf(cells, "%d", process_inner_pid(pid));
	list_addf(cells, "%lld", (long long)facts->parent);
	add_duration(cells, facts->age_us);
	add_duration(cells, facts->cpu_us);
	list_add(cells, command);
}

static void add_object(int pid, const struct process_facts *facts, const char *command, bool is_first, struct text *ret)
{
	text_add(ret, is_first ? "\n  {" : ",\n  {");
	if (facts->user >= 0)
		json_add_number(ret, "uid", (uint64_t)facts->user);
	json_add_number(ret, "pid", (uint64_t)pid);
	json_add_number(ret, "inner_pid", (uint64_t)process_inner_pid(pid));
	json_add_number(ret, "parent_pid", (uint64_t)facts->parent);
	json_add_number(ret, "age_us", (uint64_t)facts->age_us);
	json_add_number(ret, "cpu_us", (uint64_t)facts->cpu_us);
	json_add_member(ret, "command", command);
	text_add_char(ret, '}');
}

static int list_processes(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "UID", "PID", "INSIDE", "PPID", "ELAPSED", "TIME", "CMD" };
	bool is_json = text_equal(options->format, "json");
	autorelease(list) struct list cells = { 0 };
	int *pids = NULL;
	size_t count = 0, shown = 0;

	if (box_pids(call->places, name, &pids, &count, e))
		return -1;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < count; i++) {
		autofree char *command = process_command(pids[i]);
		struct process_facts facts;

		if (process_facts_read(pids[i], &facts))
			continue; /* gone meanwhile */
		if (is_json)
			add_object(pids[i], &facts, command, shown == 0, ret);
		else
			add_row(pids[i], &facts, command, &cells);
		shown++;
	}
	free(pids);
	if (is_json)
		text_add(ret, shown ? "\n]\n" : "]\n");
	else
		report_table(&cells, sizeof heads / sizeof *heads, options->no_trunc ? 0 : report_width(), ret);
	return 0;
}

int command_top(const struct call *call)
{
	static const char *const forms[] = { "table", "json", NULL };
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(top_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
		     options_one_of("format", options.format, forms, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "top: expected NAME");
	if (result || targets_one(call, &operands, 0, &e) || list_processes(call, &options, operands.items[0], &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
