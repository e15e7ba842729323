/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_stats.c - box stats: what containers use, as a live table, as JSON, or for Prometheus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/box.h"
#include "runtime/figures.h"
#include "specs/limits.h"

enum { LIVE_US = 1000000, ONCE_US = 200000 };

struct options {
	bool once;
	const char *format;
};

const struct option_row stats_options[] = {
	{ 0, "no-stream", OPTION_FLAG, offsetof(struct options, once), NULL, "print the figures once, and end" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json|prometheus",
	  "form of the figures (default: table); prometheus prints them once" },
	{ 0 },
};

struct sample {
	char *name;
	struct figures before, now;
};

struct samples {
	struct sample *items;
	size_t count;
};

static void samples_release(struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++)
		free(samples->items[i].name);
	free(samples->items);
	*samples = (struct samples){ 0 };
}

#define AT(member) offsetof(struct figures, member)

/* The figures that JSON and Prometheus have: counters of bytes, microseconds and events, and gauges. */
static const struct row {
	const char *key;    /* in JSON */
	const char *metric; /* NULL: JSON alone */
	const char *type, *help;
	size_t at;
	double divisor; /* of the metric */
} rows[] = {
	{ "cpu_us", "box_cpu_seconds_total", "counter", "Time on a processor.", AT(group.cpu_us), 1e6 },
	{ "cpu_user_us", "box_cpu_user_seconds_total", "counter", "Of it, in the program itself.", AT(group.cpu_user_us), 1e6 },
	{ "cpu_system_us", "box_cpu_system_seconds_total", "counter", "Of it, in the kernel.", AT(group.cpu_system_us), 1e6 },
	{ "cpu_throttled_us", "box_cpu_throttled_seconds_total", "counter", "Time held back by the cpu limit.", AT(group.cpu_throttled_us), 1e6 },
	{ "memory_bytes", "box_memory_bytes", "gauge", "Memory in use.", AT(group.memory_current), 1 },
	{ "memory_peak_bytes", "box_memory_peak_bytes", "gauge", "The most memory that was in use.", AT(group.memory_peak), 1 },
	{ "memory_limit_bytes", "box_memory_limit_bytes", "gauge", "The memory limit; absent without one.", AT(group.memory_max), 1 },
	{ "swap_bytes", "box_swap_bytes", "gauge", "Swap in use.", AT(group.swap_current), 1 },
	{ "oom_kills", "box_oom_kills_total", "counter", "Processes ended for want of memory.", AT(group.oom_kills), 1 },
	{ "pids", "box_pids", "gauge", "Processes and threads.", AT(group.pids_current), 1 },
	{ "pids_limit", "box_pids_limit", "gauge", "The limit of processes; absent without one.", AT(group.pids_max), 1 },
	{ "pids_refused", "box_pids_refused_total", "counter", "Forks that the limit refused.", AT(group.pids_refused), 1 },
	{ "read_bytes", "box_io_read_bytes_total", "counter", "Bytes read from block devices.", AT(group.io_read_bytes), 1 },
	{ "written_bytes", "box_io_written_bytes_total", "counter", "Bytes written to block devices.", AT(group.io_write_bytes), 1 },
	{ "received_bytes", "box_network_received_bytes_total", "counter", "Bytes received.", AT(received_bytes), 1 },
	{ "sent_bytes", "box_network_sent_bytes_total", "counter", "Bytes sent.", AT(sent_bytes), 1 },
};

#undef AT

static int64_t value_of(const struct figures *figures, const struct row *row)
{
	int64_t value;

	memcpy(&value, (const char *)figures + row->at, sizeof value);
	return value < 0 ? LIMIT_UNSET : value; /* no limit, or not known */
}

static void add_json(const struct samples *samples, struct text *ret)
{
	text_add_char(ret, '[');
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		int64_t share = figures_cpu_share(&sample->before, &sample->now);

		text_add(ret, i ? ",{" : "{");
		json_add_member(ret, "name", sample->name);
		json_add_key(ret, "cpu_percent");
		text_addf(ret, "%lld.%02lld", (long long)share / 100, (long long)share % 100);
		for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
			int64_t value = value_of(&sample->now, &rows[r]);

			if (value != LIMIT_UNSET)
				json_add_number(ret, rows[r].key, (uint64_t)value);
		}
		text_add_char(ret, '}');
	}
	text_add(ret, "]\n");
}

/* Names of containers need no escapes. */
static void add_prometheus(const struct samples *samples, struct text *ret)
{
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		text_addf(ret, "# HELP %s %s\n# TYPE %s %s\n", rows[r].metric, rows[r].help, rows[r].metric, rows[r].type);
		for (size_t i = 0; i < samples->count; i++) {
			int64_t value = value_of(&samples->items[i].now, &rows[r]);

			if (value != LIMIT_UNSET)
				text_addf(ret, "%s{name=\"%s\"} %.17g\n", rows[r].metric, samples->items[i].name, (double)value / rows[r].divisor);
		}
	}
}

static void add_pair(struct list *cells, int64_t first, int64_t second)
{
	char one[32], other[32];

	if (first < 0 && second < 0)
		list_add(cells, "-");
	else
		list_addf(cells, "%s / %s", first < 0 ? "-" : size_format((uint64_t)first, one),
			  second < 0 ? "-" : size_format((uint64_t)second, other));
}

static void add_row(const struct sample *sample, uint64_t host_memory, struct list *cells)
{
	const struct cgroup_stats *group = &sample->now.group;
	int64_t share = figures_cpu_share(&sample->before, &sample->now);
	int64_t limit = group->memory_max < 0 ? (int64_t)host_memory : group->memory_max;

	list_add(cells, sample->name);
	list_addf(cells, "%lld.%02lld%%", (long long)share / 100, (long long)share % 100);
	add_pair(cells, group->memory_current, limit);
	if (group->memory_current < 0 || limit <= 0)
		list_add(cells, "-");
	else
		list_addf(cells, "%.2f%%", (double)group->memory_current * 100 / (double)limit);
	add_pair(cells, sample->now.received_bytes, sample->now.sent_bytes);
	add_pair(cells, group->io_read_bytes, group->io_write_bytes);
	if (group->pids_current < 0)
		list_add(cells, "-");
	else
		list_addf(cells, "%lld", (long long)group->pids_current);
}

static void add_table(const struct samples *samples, struct text *ret)
{
	static const char *const heads[] = { "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS" };
	autorelease(list) struct list cells = { 0 };
	struct sysinfo host = { 0 };

	(void)sysinfo(&host); /* cannot fail */
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	for (size_t i = 0; i < samples->count; i++)
		add_row(&samples->items[i], (uint64_t)host.totalram * host.mem_unit, &cells);
	report_table(&cells, sizeof heads / sizeof *heads, report_width(), ret);
}

/* The containers to look at: those that were named, or all that run. */
static int find_names(const struct call *call, const struct list *operands, struct list *ret, struct error *e)
{
	struct box_info *infos = NULL;
	size_t count = 0;

	if (operands->count) {
		list_copy(ret, operands);
		return 0;
	}
	list_release(ret);
	if (box_list(call->places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(infos[i].status, "stopped") != 0)
			list_add(ret, infos[i].name);
	box_list_free(infos, count);
	return 0;
}

static const struct sample *find_sample(const struct samples *samples, const char *name)
{
	for (size_t i = 0; i < samples->count; i++)
		if (strcmp(samples->items[i].name, name) == 0)
			return &samples->items[i];
	return NULL;
}

/* Reads all names anew; what was there before is the other end of the rates. A name that is gone is an error only in the first round. */
static int take_samples(const struct call *call, const struct list *names, bool is_first, struct samples *samples, struct error *e)
{
	struct samples next = { 0 };

	for (size_t i = 0; i < names->count; i++) {
		const struct sample *before = find_sample(samples, names->items[i]);
		struct error gone = { 0 };
		struct figures now;
		struct sample *sample;

		if (figures_read(call->places, names->items[i], &now, &gone)) {
			if (!is_first)
				continue;
			*e = gone;
			samples_release(&next);
			return -1;
		}
		sample = alloc_append(&next.items, &next.count, sizeof *sample);
		*sample = (struct sample){ .name = alloc_copy(names->items[i]), .before = before ? before->now : now, .now = now };
	}
	samples_release(samples);
	*samples = next;
	return 0;
}

static int print(const struct samples *samples, const struct options *options, bool is_live, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	/* The table stands where the one before stood. */
	text_add(&out, is_live ? "\033[H\033[2J" : "");
	if (!options->format || strcmp(options->format, "table") == 0)
		add_table(samples, &out);
	else if (strcmp(options->format, "json") == 0)
		add_json(samples, &out);
	else
		add_prometheus(samples, &out);
	return report_text(&out, e);
}

/* is_strict: one that does not run is an error. */
static int watch(const struct call *call, const struct options *options, const struct list *operands, bool is_strict, struct error *e)
{
	bool is_table = !options->format || strcmp(options->format, "table") == 0;
	bool is_prometheus = options->format && strcmp(options->format, "prometheus") == 0;
	bool is_once = options->once || is_prometheus;
	autorelease(samples) struct samples samples = { 0 };
	autorelease(list) struct list names = { 0 };

	if (find_names(call, operands, &names, e) || take_samples(call, &names, /* is_first= */ is_strict, &samples, e))
		return -1;
	/* A share of a processor takes two readings. */
	for (useconds_t pause_us = is_once ? ONCE_US : LIVE_US; !is_prometheus; pause_us = LIVE_US) {
		if (names.count)
			usleep(pause_us);
		if (find_names(call, operands, &names, e) || take_samples(call, &names, /* is_first= */ false, &samples, e))
			return -1;
		if (is_once || (operands->count && !samples.count))
			break; /* all that were named have ended */
		if (print(&samples, options, is_table && report_width() > 0, e))
			return -1;
		if (!names.count)
			usleep(pause_us);
	}
	return is_once ? print(&samples, options, /* is_live= */ false, e) : 0;
}

int command_stats(const struct call *call)
{
	static const char *const forms[] = { "table", "json", "prometheus", NULL };
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	size_t words;

	if (options_parse(stats_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    options_one_of("format", options.format, forms, &e))
		return report_failure(&e);
	words = operands.count;
	/* Of the services of a file some have done their work. */
	if (targets_all(call, &operands, &e) || watch(call, &options, &operands, words > 0 && operands.count == words, &e))
		return report_failure(&e);
	return 0;
}
