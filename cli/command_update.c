/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_update.c - box update and features: the limits of a container, and what this box knows of OCI.
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
#include "cli/each.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/logs/events.h"
#include "runtime/oci.h"
#include "specs/oci_features.h"

/* A period of 100,000 us: a millionth of a processor is a tenth of one per period. The kernel takes no quota below 1 ms. */
#define CPU_PERIOD "100000"
enum { RESOURCES_LIMIT = 1 << 20, CPUS_PER_US = 10, CPU_QUOTA_LEAST_US = 1000 };

struct update_choices {
	const char *resources;
	const char *cpu_period, *cpu_quota, *cpu_share, *cpu_burst, *cpu_idle, *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems;
	const char *cpus;
	const char *memory, *memory_reservation, *memory_swap, *pids_limit, *blkio_weight;
	bool quiet;
	char quota[24]; /* --cpus as --cpu-quota */
};

#define AT(member) offsetof(struct update_choices, member)

const struct option_row update_options[] = {
	{ 'r', "resources", OPTION_TEXT, AT(resources), "FILE",
	  "JSON as linux.resources of config.json, in place of all other options; - is stdin" },
	{ 0, "cpus", OPTION_TEXT, AT(cpus), "N", "processors: 1.5 is one and a half; in place of a quota and its period" },
	{ 0, "cpu-period", OPTION_TEXT, AT(cpu_period), "US", "period of the quota, in microseconds" },
	{ 0, "cpu-quota", OPTION_TEXT, AT(cpu_quota), "US", "time on a cpu per period, in microseconds" },
	{ 0, "cpu-share", OPTION_TEXT, AT(cpu_share), "N", "weight: 2 to 262144" },
	{ 0, "cpu-shares", OPTION_TEXT, AT(cpu_share), "N", "the same, in docker's words" },
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
	QUIET_OPTION(struct update_choices),
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

/* --cpus as a quota; nothing where it was not given. */
static int quota_of_cpus(struct update_choices *choices, struct error *e)
{
	int64_t millionths;

	if (!choices->cpus)
		return 0;
	if (choices->cpu_quota || choices->cpu_period)
		return error_set(e, ERROR_USAGE, "option --cpus: --cpu-quota and --cpu-period say the same");
	if (cpus_parse(choices->cpus, &millionths) || millionths / CPUS_PER_US < CPU_QUOTA_LEAST_US)
		return error_set(e, ERROR_USAGE, "option --cpus %s: expected a number of processors such as 1.5, at least 0.01", choices->cpus);
	(void)snprintf(choices->quota, sizeof choices->quota, "%lld", (long long)millionths / CPUS_PER_US); /* always fits */
	choices->cpu_quota = choices->quota;
	choices->cpu_period = CPU_PERIOD;
	return 0;
}

static bool says_nothing(const struct update_choices *choices)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (*(const char *const *)(const void *)((const char *)choices + flags[i].at))
			return false;
	return !choices->resources;
}

static int update_all(const struct call *call, struct update_choices *choices, const struct list *names, struct error *e)
{
	autorelease(text) struct text json = { 0 };

	if (!names->count)
		return error_set(e, ERROR_USAGE, "update: expected at least one NAME");
	if (quota_of_cpus(choices, e))
		return -1;
	if (says_nothing(choices)) {
		error_set(e, ERROR_USAGE, "update: expected a limit");
		return error_hint(e, "box update --memory 512m %s", names->items[0]);
	}
	if (read_resources(choices, &json, e))
		return -1;
	for (size_t i = 0; i < names->count; i++) {
		audit_container(call->audit, names->items[i]);
		if (oci_update(call->places, names->items[i], json.data ? json.data : "", json.length, e))
			return -1;
		events_note(call->places, "container", "update", names->items[i], NULL);
		if (!choices->quiet && each_is_told(call, names->items[i]) && each_tell(names->items[i], e))
			return -1;
	}
	return 0;
}

int command_update(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct update_choices choices = { 0 };
	struct error e = { 0 };

	if (options_parse(update_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e) ||
	    targets_running(call, &operands, &e) || update_all(call, &choices, &operands, &e))
		return report_failure(&e);
	return 0;
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
