/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_top.c - box top: the processes of containers, and what they have used.
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

/* What is listed of one container, or of several: then each row begins with its name. */
struct listing {
	const struct call *call;
	bool is_json, has_names;
	struct list cells;
	struct text json;
	size_t objects;
};

static void add_row(struct listing *listing, const char *name, int pid, const struct process_facts *facts, const char *command)
{
	struct list *cells = &listing->cells;

	if (listing->has_names)
		list_add(cells, name);
	list_addf(cells, facts->user < 0 ? "?" : "%lld", (long long)facts->user);
	list_addf(cells, "%d", pid);
	list_addf(cells, "%d", process_inner_pid(pid));
	list_addf(cells, "%lld", (long long)facts->parent);
	add_duration(cells, facts->age_us);
	add_duration(cells, facts->cpu_us);
	list_add(cells, command);
}

static void add_object(struct listing *listing, const char *name, int pid, const struct process_facts *facts, const char *command)
{
	struct text *ret = &listing->json;

	text_add(ret, listing->objects++ ? ",\n  {" : "\n  {");
	json_add_member(ret, "name", name);
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

static int add_processes(struct listing *listing, const char *name, struct error *e)
{
	int *pids = NULL;
	size_t count = 0;

	if (box_pids(listing->call->places, name, &pids, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		autofree char *command = process_command(pids[i]);
		struct process_facts facts;

		if (process_facts_read(pids[i], &facts) == 0) /* else it is gone meanwhile */
			(listing->is_json ? add_object : add_row)(listing, name, pids[i], &facts, command);
	}
	free(pids);
	return 0;
}

/* One that cannot be listed does not keep the others. The exit code; what went wrong is said. */
static int add_all(struct listing *listing, const struct list *names)
{
	int status = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct error e = { 0 };

		if (add_processes(listing, names->items[i], &e))
			status = report_failure(&e);
	}
	return status;
}

static int top(const struct call *call, const struct options *options, const struct list *names)
{
	static const char *const heads[] = { "NAME", "UID", "PID", "INSIDE", "PPID", "ELAPSED", "TIME", "CMD" };
	struct listing listing = { .call = call, .is_json = text_equal(options->format, "json"), .has_names = names->count > 1 };
	size_t first = listing.has_names ? 0 : 1, columns = sizeof heads / sizeof *heads - first;
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int status;

	for (size_t i = 0; i < columns; i++)
		list_add(&listing.cells, heads[first + i]);
	status = add_all(&listing, names);
	if (listing.is_json)
		text_addf(&out, "[%s%s", listing.json.data ? listing.json.data : "", listing.objects ? "\n]\n" : "]\n");
	else
		report_table(&listing.cells, columns, options->no_trunc ? 0 : report_width(), &out);
	if ((status == 0 || listing.objects || listing.cells.count > columns) && report_text(&out, &e))
		status = report_failure(&e);
	list_release(&listing.cells);
	text_release(&listing.json);
	return status;
}

int command_top(const struct call *call)
{
	static const char *const forms[] = { "table", "json", NULL };
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(top_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
		     options_one_of("format", options.format, forms, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "top: expected at least one NAME");
	if (result || targets_running(call, &operands, &e))
		return report_failure(&e);
	return top(call, &options, &operands);
}
