/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_update.c - box update, events, features: limits and figures of a container, and what this box knows of OCI.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/number.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/oci.h"
#include "specs/oci_features.h"

enum { RESOURCES_LIMIT = 1 << 20 };

struct update_choices {
	const char *resources;
	const char *cpu_period, *cpu_quota, *cpu_share, *cpu_burst, *cpu_idle, *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *pids_limit, *blkio_weight;
};

#define AT(member) offsetof(struct update_choices, member)

const struct option_row update_options[] = {
	{ 'r', "resources", OPTION_TEXT, AT(resources), "FILE",
	  "JSON as linux.resources of config.json, in place of all other options; - is stdin" },
	{ 0, "cpu-period", OPTION_TEXT, AT(cpu_period), "US", "period of the quota, in microseconds" },
	{ 0, "cpu-quota", OPTION_TEXT, AT(cpu_quota), "US", "time on a cpu per period, in microseconds" },
	{ 0, "cpu-share", OPTION_TEXT, AT(cpu_share), "N", "weight: 2 to 262144" },
	{ 0, "cpu-burst", OPTION_TEXT, AT(cpu_burst), "US", "time that may be saved up" },
	{ 0, "cpu-idle", OPTION_TEXT, AT(cpu_idle), "0|1", "run only when nothing else does" },
	{ 0, "cpu-rt-period", OPTION_TEXT, AT(cpu_rt_period), "US", "period of real-time scheduling" },
	{ 0, "cpu-rt-runtime", OPTION_TEXT, AT(cpu_rt_runtime), "US", "real time per period" },
	{ 0, "cpuset-cpus", OPTION_TEXT, AT(cpuset_cpus), "LIST", "cpus, as \"0-2,4\"" },
	{ 0, "cpuset-mems", OPTION_TEXT, AT(cpuset_mems), "LIST", "memory nodes" },
	{ 'm', "memory", OPTION_TEXT, AT(memory), "SIZE", "largest memory: \"512m\"; -1: none" },
	{ 0, "memory-reservation", OPTION_TEXT, AT(memory_reservation), "SIZE", "memory that is kept for it" },
	{ 0, "memory-swap", OPTION_TEXT, AT(memory_swap), "SIZE", "memory and swap together; -1: no limit" },
	{ 0, "pids-limit", OPTION_TEXT, AT(pids_limit), "N", "processes; -1: no limit" },
	{ 0, "blkio-weight", OPTION_TEXT, AT(blkio_weight), "N", "weight of I/O: 10 to 1000" },
	{ 0 },
};

/* What the options say as JSON: a row each, those of one object together. */
static const struct flag {
	const char *name;
	size_t at;
	const char *object, *key;
	enum { FLAG_NUMBER, FLAG_SIZE, FLAG_TEXT } kind;
} flags[] = {
	{ "memory", AT(memory), "memory", "limit", FLAG_SIZE },
	{ "memory-reservation", AT(memory_reservation), "memory", "reservation", FLAG_SIZE },
	{ "memory-swap", AT(memory_swap), "memory", "swap", FLAG_SIZE },
	{ "cpu-period", AT(cpu_period), "cpu", "period", FLAG_NUMBER },
	{ "cpu-quota", AT(cpu_quota), "cpu", "quota", FLAG_NUMBER },
	{ "cpu-share", AT(cpu_share), "cpu", "shares", FLAG_NUMBER },
	{ "cpu-burst", AT(cpu_burst), "cpu", "burst", FLAG_NUMBER },
	{ "cpu-idle", AT(cpu_idle), "cpu", "idle", FLAG_NUMBER },
	{ "cpu-rt-period", AT(cpu_rt_period), "cpu", "realtimePeriod", FLAG_NUMBER },
	{ "cpu-rt-runtime", AT(cpu_rt_runtime), "cpu", "realtimeRuntime", FLAG_NUMBER },
	{ "cpuset-cpus", AT(cpuset_cpus), "cpu", "cpus", FLAG_TEXT },
	{ "cpuset-mems", AT(cpuset_mems), "cpu", "mems", FLAG_TEXT },
	{ "pids-limit", AT(pids_limit), "pids", "limit", FLAG_NUMBER },
	{ "blkio-weight", AT(blkio_weight), "blockIO", "weight", FLAG_NUMBER },
};

static int add_value(const struct flag *flag, const char *words, struct text *ret, struct error *e)
{
	int64_t value = 0;

	if (flag->kind == FLAG_TEXT) {
		json_add_text(ret, words);
		return 0;
	}
	if (number_parse(words, -1, INT64_MAX, &value) && (flag->kind != FLAG_SIZE || size_parse(words, &value)))
		return error_set(e, ERROR_USAGE, "option --%s %s: expected a %s", flag->name, words,
				 flag->kind == FLAG_SIZE ? "size such as \"512m\"" : "number");
	text_addf(ret, "%lld", (long long)value);
	return 0;
}

static int from_flags(const struct update_choices *choices, struct text *ret, struct error *e)
{
	const char *object = NULL; /* the one that is open */

	text_add(ret, "{");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		const char *words = *(const char *const *)(const void *)((const char *)choices + flags[i].at);

		if (!words)
			continue;
		if (!text_equal(object, flags[i].object)) {
			text_add(ret, object ? "}" : "");
			object = flags[i].object;
			json_add_key(ret, object);
			text_add(ret, "{");
		}
		json_add_key(ret, flags[i].key);
		if (add_value(&flags[i], words, ret, e))
			return -1;
	}
	text_add(ret, object ? "}}" : "}");
	return 0;
}

static int read_resources(const struct update_choices *choices, struct text *ret, struct error *e)
{
	if (!choices->resources)
		return from_flags(choices, ret, e);
	if (strcmp(choices->resources, "-") == 0)
		return file_read_fd(STDIN_FILENO, "stdin", RESOURCES_LIMIT, ret, e);
	return file_read(AT_FDCWD, choices->resources, RESOURCES_LIMIT, ret, e);
}

int command_update(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text json = { 0 };
	struct update_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(update_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "update: expected ID");
	if (result == 0)
		result = read_resources(&choices, &json, &e);
	audit_engine(call->audit);
	if (result == 0)
		result = oci_update(call->places, operands.items[0], json.data ? json.data : "", json.length, &e);
	return result ? report_failure(&e) : 0;
}

struct events_choices {
	bool stats;
	const char *interval;
};

const struct option_row events_options[] = {
	{ 0, "stats", OPTION_FLAG, offsetof(struct events_choices, stats), NULL, "print the figures once, and end" },
	{ 0, "interval", OPTION_TEXT, offsetof(struct events_choices, interval), "TIME", "between two lines (default: 5s)" },
	{ 0 },
};

int command_events(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct events_choices choices = { 0 };
	struct error e = { 0 };
	int64_t interval_us = 5000000;
	int result = options_parse(events_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "events: expected ID");
	if (result == 0 && choices.interval && (duration_parse(choices.interval, &interval_us) || interval_us < 1000))
		result = error_set(&e, ERROR_USAGE, "option --interval %s: expected a time such as \"5s\"", choices.interval);
	while (result == 0) {
		autorelease(text) struct text line = { 0 };

		/* The end of the container is the end of its figures. */
		result = oci_stats(call->places, operands.items[0], &line, &e);
		text_add_char(&line, '\n'); /* a line each */
		if (result == 0)
			result = report_text(&line, &e);
		if (choices.stats || result)
			break;
		usleep((useconds_t)interval_us);
	}
	return result ? report_failure(&e) : 0;
}

int command_features(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count)
		result = error_set(&e, ERROR_USAGE, "features: expected no operand");
	if (result == 0) {
		oci_features(&out);
		result = report_text(&out, &e);
	}
	return result ? report_failure(&e) : 0;
}
