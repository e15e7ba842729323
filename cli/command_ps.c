/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_ps.c - box ps: containers, or the processes of one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/processes.h"
#include "cli/ps_rows.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/words.h"
#include "runtime/apps/instances.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/child/oci_state.h"
#include "runtime/network/port_list.h"
#include "runtime/oci.h"
#include "specs/stack.h"

enum { COMMAND_SHOWN = 40, DIGITS_SHOWN = 12 };

struct options {
	bool quiet, all, no_trunc;
	const char *format;
	struct list filters;
};

const struct option_row ps_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "names only" },
	{ 'a', "all", OPTION_FLAG, offsetof(struct options, all), NULL, "also those that do not run; of NAME: containers, not processes" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	{ 'f', "filter", OPTION_LIST, offsetof(struct options, filters), "KEY=VALUE",
	  "only what fits: name=TEXT, image=TEXT, status=WORD, stack=NAME, service=NAME; one key several times: any of them" },
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "whole words, whatever the terminal's width" },
	OTHER_OPTION('l', "latest", "box ps -a lists them all"),
	OTHER_OPTION('n', "last", "box ps -a lists them all"),
	OTHER_OPTION(0, "services", "box ps -f stack=NAME --format json | jq -r '.[].service'"),
	OTHER_OPTION(0, "status", "-f status=running"),
	OTHER_OPTION('s', "size", "box system df"),
	{ 0 },
};

static char *span(int64_t seconds)
{
	if (seconds < 120)
		return text_format("%jd second%s", (intmax_t)(seconds > 0 ? seconds : 0), seconds == 1 ? "" : "s");
	if (seconds < 7200)
		return text_format("%jd minutes", (intmax_t)seconds / 60);
	return seconds < 172800 ? text_format("%jd hours", (intmax_t)seconds / 3600) : text_format("%jd days", (intmax_t)seconds / 86400);
}

static char *age(int64_t created)
{
	return span(time(NULL) - created);
}

/* "scheduled in 5 hours, exited (0) 19 hours ago" */
static void add_schedule(struct list *cells, const struct box_info *info)
{
	autofree char *until = span(info->next_run - time(NULL)), *since = age(info->last_end);
	autorelease(text) struct text words = { 0 };

	text_add(&words, STATUS_SCHEDULED);
	if (info->next_run)
		text_addf(&words, " in %s", until);
	if (info->last_end)
		text_addf(&words, ", exited (%d) %s ago", info->last_status, since);
	list_add(cells, words.data);
}

/* "exited (3) 5 minutes ago": what has ended has the time of its end. */
static void add_end(struct list *cells, const struct box_info *info, const char *since, enum instance_role role)
{
	autofree char *ago = info->created && text_starts(info->status, "exited") ? text_format(" %s ago", since) : alloc_copy("");

	if (role == INSTANCE_LIVE)
		list_addf(cells, "%s%s", info->status, ago);
	else
		list_addf(cells, "%s%s (%s)", info->status, ago, instance_role_word(role));
}

/* When it was made; what is known of one in the foreground is when it began. */
static int64_t created(const struct ps_row *row)
{
	return row->instance && row->instance->created ? row->instance->created : row->info->created;
}

/* "Up 3 minutes (healthy)", as docker and podman have it. */
static void add_status(struct list *cells, const struct ps_row *row)
{
	const struct box_info *info = row->info;
	autofree char *since = age(info->created);
	enum instance_role role = row->instance ? row->instance->role : INSTANCE_LIVE;

	if (strcmp(info->status, STATUS_SCHEDULED) == 0)
		add_schedule(cells, info);
	else if (strcmp(info->status, "running") != 0)
		add_end(cells, info, since, role);
	else if (role != INSTANCE_LIVE)
		list_addf(cells, "Up %s (%s%s%s)", since, info->health, *info->health ? ", " : "", instance_role_word(role));
	else
		list_addf(cells, *info->health ? "Up %s (%s)" : "Up %s", since, info->health);
}

/* The digits of a digest that box images shows. */
static char *shown_image(const char *image, bool no_trunc)
{
	const char *digest = no_trunc ? NULL : strstr(image, "sha256:");

	return digest && strlen(digest) > strlen("sha256:") + DIGITS_SHOWN
		       ? text_format("%.*s", (int)(digest - image + strlen("sha256:") + DIGITS_SHOWN), image)
		       : alloc_copy(image);
}

static void add_row(struct list *cells, const struct ps_row *row, const struct port_list *ports, bool no_trunc)
{
	const struct box_info *info = row->info;
	autorelease(text) struct text published = { 0 };
	size_t length = strlen(info->command), shown = no_trunc || length < COMMAND_SHOWN ? length : COMMAND_SHOWN;
	autofree char *since = age(created(row)), *image = shown_image(info->image ? info->image : "", no_trunc);

	list_add(cells, info->name);
	list_add(cells, image);
	list_addf(cells, "%.*s%s", (int)shown, info->command, shown < length ? "..." : "");
	list_addf(cells, "%s ago", since);
	add_status(cells, row);
	port_list_print(port_list_find(ports, info->name), &published);
	list_add(cells, published.data ? published.data : "");
	list_addf(cells, "%d", (int)info->pid);
}

static void list_as_table(const struct ps_row *rows, size_t count, const struct port_list *ports, bool no_trunc, struct text *ret)
{
	static const char *const heads[] = { "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "PID" };
	autorelease(list) struct list cells = { 0 };

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	for (size_t i = 0; i < count; i++)
		add_row(&cells, &rows[i], ports, no_trunc);
	report_table(&cells, sizeof heads / sizeof *heads, no_trunc ? 0 : report_width(), ret);
}

static void add_member(struct text *ret, const char *key, const char *value)
{
	text_addf(ret, "\"%s\": ", key);
	json_add_text(ret, value ? value : "");
	text_add(ret, ", ");
}

/* RFC 3339, UTC. */
static void add_time(struct text *ret, const char *key, int64_t seconds)
{
	char words[CLOCK_TEXT];

	clock_print(seconds, 0, /* digits= */ 0, words);
	add_member(ret, key, words);
}

/* Of a job; times that there are not are left out. */
static void add_job(struct text *ret, const struct box_info *info)
{
	add_member(ret, "schedule", info->schedule);
	if (info->next_run)
		add_time(ret, "next_run", info->next_run);
	if (!info->last_end)
		return;
	add_time(ret, "last_end", info->last_end);
	text_addf(ret, "\"last_exit\": %d, ", info->last_status);
}

static void add_ports(struct text *ret, const struct container_ports *ports)
{
	text_add(ret, "\"ports\": [");
	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct host_port *port = &ports->ports[i];

		text_addf(ret, "%s{\"host_ip\": \"%s\", \"published\": %d, \"target\": %d, \"protocol\": \"%s\", \"mode\": \"%s\"}", i ? ", " : "",
			  port->address, port->published, port->target, port_protocol_word(port->protocol), port->is_dnat ? "dnat" : "host");
	}
	text_add(ret, "], ");
}

/* Of an app in the background. */
static void add_place(struct text *ret, const struct instance *instance)
{
	add_member(ret, "stack", instance->stack);
	add_member(ret, "service", instance->service);
	text_addf(ret, "\"generation\": %jd, \"replica\": %jd, ", (intmax_t)instance->generation, (intmax_t)instance->replica);
	add_member(ret, "role", instance_role_word(instance->role));
}

static void list_as_json(const struct ps_row *rows, size_t count, const struct port_list *ports, struct text *ret)
{
	text_add(ret, "[");
	for (size_t i = 0; i < count; i++) {
		const struct box_info *info = rows[i].info;

		text_add(ret, i ? ",\n  {" : "\n  {");
		add_member(ret, "name", info->name);
		add_member(ret, "image", info->image);
		add_member(ret, "command", info->command);
		add_member(ret, "status", info->status);
		add_member(ret, "health", info->health);
		add_time(ret, "created", created(&rows[i]));
		if (info->created)
			add_time(ret, "since", info->created);
		if (rows[i].instance)
			add_place(ret, rows[i].instance);
		if (info->schedule)
			add_job(ret, info);
		add_ports(ret, port_list_find(ports, info->name));
		text_addf(ret, "\"pid\": %d}", (int)info->pid);
	}
	text_add(ret, count ? "\n]\n" : "]\n");
}

/* Containers that have ended, and apps in the background that do not run and are not about to. */
static bool is_over(const struct box_info *info)
{
	bool is_about_to = strcmp(info->status, "restarting") == 0 || strcmp(info->status, STATUS_SCHEDULED) == 0;

	return strcmp(info->status, "stopped") == 0 || (info->pid == 0 && !is_about_to);
}

static const char *const filter_keys[] = { "name", "image", "status", "stack", "service", NULL };

static bool has_value(const void *object, const char *key, const char *value)
{
	const struct ps_row *row = object;
	const struct box_info *info = row->info;

	if (strcmp(key, "stack") == 0 || strcmp(key, "service") == 0)
		return ps_row_has(row, key, value);
	if (strcmp(key, "status") == 0)
		return strcmp(info->status, value) == 0;
	return strstr(strcmp(key, "name") == 0 ? info->name : info->image ? info->image : "", value);
}

static bool has_status_filter(const struct list *filters)
{
	for (size_t i = 0; i < filters->count; i++)
		if (filter_value(filters->items[i], "status"))
			return true;
	return false;
}

/* They are of no interest unless asked for. */
static bool is_wanted(const struct ps_row *row, const struct options *options)
{
	return filters_fit(&options->filters, filter_keys, has_value, row) &&
	       (options->all || has_status_filter(&options->filters) || !is_over(row->info));
}

static size_t keep_wanted(struct ps_row *rows, size_t count, const struct options *options)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_wanted(&rows[i], options))
			rows[kept++] = rows[i];
	return kept;
}

static void list_rows(const struct ps_row *rows, size_t count, const struct options *options, const struct port_list *ports,
		      struct text *ret)
{
	if (options->quiet) {
		for (size_t i = 0; i < count; i++)
			text_addf(ret, "%s\n", rows[i].info->name);
	} else if (options->format && strcmp(options->format, "json") == 0) {
		list_as_json(rows, count, ports, ret);
	} else {
		list_as_table(rows, count, ports, options->no_trunc, ret);
	}
}

static int list_containers(const struct call *call, const struct options *options, struct text *ret, struct error *e)
{
	autorelease(port_list) struct port_list ports = { 0 };
	autorelease(instances) struct instances instances = { 0 };
	autofree struct ps_row *rows = NULL;
	struct box_info *infos = NULL;
	size_t count = 0;

	if (filters_check(&options->filters, filter_keys, e) || port_list_read(call->places, &ports, e) ||
	    instances_find(call->places, NULL, &instances, e) || box_list(call->places, &infos, &count, e))
		return -1;
	rows = alloc_zeroed(count + 1, sizeof *rows);
	ps_rows_make(infos, count, &instances, rows);
	list_rows(rows, keep_wanted(rows, count, options), options, &ports, ret);
	box_list_free(infos, count);
	return 0;
}

static void add_process(int pid, bool is_json, bool is_first, struct list *cells, struct text *ret)
{
	autofree char *command = process_command(pid);
	int inner = process_inner_pid(pid);

	if (is_json) {
		text_addf(ret, "%s\n  {\"pid\": %d, \"inner_pid\": %d, \"command\": ", is_first ? "" : ",", pid, inner);
		json_add_text(ret, command);
		text_add(ret, "}");
		return;
	}
	list_addf(cells, "%d", pid);
	list_addf(cells, inner ? "%d" : "-", inner);
	list_add(cells, command);
}

/* As runc prints it: engines read an array of numbers. */
static void list_pids(const int *pids, size_t count, struct text *ret)
{
	text_add(ret, "[");
	for (size_t i = 0; i < count; i++)
		text_addf(ret, "%s%d", i ? "," : "", pids[i]);
	text_add(ret, "]\n");
}

static bool is_oci(const struct call *call, const char *name)
{
	struct oci_state state = { 0 };
	struct error ignored = { 0 };
	bool result = oci_state_find(call->places, name, &state, &ignored) == 0 && *state.bundle;

	oci_state_release(&state);
	return result;
}

static int list_processes(const struct call *call, const char *name, const struct options *options, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "PID", "INSIDE", "COMMAND" };
	autorelease(list) struct list cells = { 0 };
	bool is_json = options->format && strcmp(options->format, "json") == 0;
	int *pids = NULL;
	size_t count = 0;

	if (box_pids(call->places, name, &pids, &count, e))
		return -1;
	if (is_json && !options->quiet && is_oci(call, name)) {
		list_pids(pids, count, ret);
		free(pids);
		return 0;
	}
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	if (is_json && !options->quiet)
		text_add(ret, "[");
	for (size_t i = 0; i < count; i++) {
		if (options->quiet)
			text_addf(ret, "%d\n", pids[i]);
		else
			add_process(pids[i], is_json, i == 0, &cells, ret);
	}
	if (is_json && !options->quiet)
		text_add(ret, count ? "\n]\n" : "]\n");
	else if (!options->quiet)
		report_table(&cells, sizeof heads / sizeof *heads, report_width(), ret);
	free(pids);
	return 0;
}

static bool is_service(const struct call *call, const char *word)
{
	autorelease(instances) struct instances found = { 0 };
	struct error ignored = { 0 };

	return instances_find(call->places, word, &found, &ignored) == 0 && found.count;
}

/* Of a file with services, or its name, the containers are meant; with --all also of an app, which may have no processes. */
static int choose(const struct call *call, struct options *options, struct list *operands, struct error *e)
{
	bool is_stack = operands->count && text_ends(operands->items[0], ".json") && stack_is_file(operands->items[0]);

	if (targets_name(call, operands, e))
		return -1;
	is_stack |= operands->count && target_is_stack(call, operands->items[0]);
	if (!is_stack && !(options->all && operands->count && is_service(call, operands->items[0])))
		return targets_one(call, operands, 0, e);
	list_addf(&options->filters, "%s=%s", is_stack ? "stack" : "service", operands->items[0]);
	list_release(operands);
	return 0;
}

int command_ps(const struct call *call)
{
	static const char *const forms[] = { "table", "json", NULL };
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(ps_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e);

	if (result == 0 && operands.count > 1)
		result = error_set(&e, ERROR_USAGE, "ps: expected at most one NAME");
	if (result == 0)
		result = options_one_of("format", options.format, forms, &e);
	if (result == 0)
		result = choose(call, &options, &operands, &e);
	if (result == 0)
		result = operands.count ? list_processes(call, operands.items[0], &options, &out, &e)
					: list_containers(call, &options, &out, &e);
	if (result == 0)
		result = report_text(&out, &e);
	list_release(&options.filters);
	return result ? report_failure(&e) : 0;
}
