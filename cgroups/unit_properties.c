/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_properties.c - limits and device rules as properties of a systemd unit.
 *
 * systemd knows a part of what box can limit, and box writes everything itself afterwards. The unit has to say the same all the same:
 * people look there, and systemd writes what its unit says again when it is reloaded. Which properties there are is runc's choice
 * (docs/systemd.md), and the weight of I/O beside it.
 */
#include "cgroups/unit_properties.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "cgroups/devices.h"
#include "cgroups/limit_rows.h"
#include "specs/limits.h"

enum {
	CPUS_MAX = 8192,
	QUOTA_STEP_US = 10000, /* systemd keeps a quota in whole percent of a cpu */
	PERIOD_US = 100000,    /* the kernel's own */
};

static void add_number(struct list *ret, const char *name, int64_t value)
{
	list_addf(ret, "%s=uint64 %" PRIu64, name, value < 0 ? UINT64_MAX : (uint64_t)value);
}

void unit_text(struct list *ret, const char *name, const char *text)
{
	autorelease(text) struct text line = { 0 };

	text_addf(&line, "%s='", name);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			text_add_char(&line, '\\');
		text_add_char(&line, *text);
	}
	text_add_char(&line, '\'');
	list_add(ret, line.data);
}

/* One part of "0-3,7" into bits. False: it is none. */
static bool add_range(const char *part, size_t length, unsigned char *bits, size_t *last)
{
	int64_t from, to;
	char text[32], *dash;

	if (length >= sizeof text)
		return false;
	memcpy(text, part, length);
	text[length] = '\0';
	dash = strchr(text, '-');
	if (dash)
		*dash++ = '\0';
	if (number_parse(text, 0, CPUS_MAX - 1, &from) || number_parse(dash ? dash : text, from, CPUS_MAX - 1, &to))
		return false;
	for (int64_t i = from; i <= to; i++)
		bits[i / 8] |= (unsigned char)(1 << i % 8);
	*last = (size_t)to > *last ? (size_t)to : *last;
	return true;
}

/* "0-3,7" as an array of bytes, the lowest first. A list that is none is left out: the kernel will say so. */
static void add_cpus(struct list *ret, const char *name, const char *cpus)
{
	autorelease(text) struct text line = { 0 };
	unsigned char bits[CPUS_MAX / 8] = { 0 };
	size_t last = 0;

	for (const char *at = cpus; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!add_range(at, strcspn(at, ",\n"), bits, &last))
			return;
	text_addf(&line, "%s=[", name);
	for (size_t i = 0; i <= last / 8; i++)
		text_addf(&line, "%sbyte 0x%02x", i ? ", " : "", (unsigned)bits[i]);
	text_add(&line, "]");
	list_add(ret, line.data);
}

/* What the quota is of one second; rounded up, so that the group may have what box writes into it. */
static void add_quota(struct list *ret, int64_t quota_us, int64_t period_us)
{
	int64_t period = period_us > 0 ? period_us : PERIOD_US, per_second = LIMIT_NONE;

	if (quota_us == LIMIT_UNSET)
		return;
	if (quota_us > 0 && quota_us <= INT64_MAX / 1000000)
		per_second = (quota_us * 1000000 / period + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
	add_number(ret, "CPUQuotaPeriodUSec", period);
	add_number(ret, "CPUQuotaPerSecUSec", per_second);
}

static void add_memory(const struct limits *limits, bool is_v2, struct list *ret)
{
	int64_t swap = limits->swap;

	if (limits->memory != LIMIT_UNSET)
		add_number(ret, is_v2 ? "MemoryMax" : "MemoryLimit", limits->memory);
	if (!is_v2)
		return;
	if (limits->memory_reservation != LIMIT_UNSET)
		add_number(ret, "MemoryLow", limits->memory_reservation < 0 ? 0 : limits->memory_reservation);
	if (limits->memory_and_swap == LIMIT_NONE)
		swap = LIMIT_NONE;
	else if (limits->memory_and_swap >= limits->memory && limits->memory > 0)
		swap = limits->memory_and_swap - limits->memory;
	if (swap != LIMIT_UNSET)
		add_number(ret, "MemorySwapMax", swap);
}

static void add_cpu_weight(const struct limits *limits, bool is_v2, struct list *ret)
{
	if (is_v2 && limits->cpu_idle == 1)
		add_number(ret, "CPUWeight", 0); /* "idle" since systemd 252 */
	else if (limits->cpu_shares != LIMIT_UNSET)
		add_number(ret, is_v2 ? "CPUWeight" : "CPUShares", is_v2 ? weight_of_shares(limits->cpu_shares) : limits->cpu_shares);
	else if (limits->cpu_weight != LIMIT_UNSET && is_v2)
		add_number(ret, "CPUWeight", limits->cpu_weight);
}

static void add_io_weight(const struct limits *limits, bool is_v2, struct list *ret)
{
	if (limits->blkio_weight != LIMIT_UNSET)
		add_number(ret, is_v2 ? "IOWeight" : "BlockIOWeight", is_v2 ? io_weight_of_blkio(limits->blkio_weight) : limits->blkio_weight);
	else if (limits->io_weight != LIMIT_UNSET && is_v2)
		add_number(ret, "IOWeight", limits->io_weight);
}

/* "cpu.max": "50000 100000", "max". */
static void add_max(struct list *ret, const char *name, const char *value)
{
	int64_t quota = LIMIT_NONE, period = PERIOD_US;
	autofree char *first = text_format("%.*s", (int)strcspn(value, " "), value);
	const char *space = strchr(value, ' ');

	(void)name;
	if ((strcmp(first, "max") != 0 && number_parse(first, 1, INT64_MAX, &quota)) || (space && number_parse(space + 1, 1, INT64_MAX, &period)))
		return;
	add_quota(ret, quota, period);
}

static void add_amount(struct list *ret, const char *name, const char *value)
{
	int64_t number = LIMIT_NONE;

	if (strcmp(value, "max") == 0 || number_parse(value, 0, INT64_MAX, &number) == 0)
		add_number(ret, name, number);
}

/* Files of a v2 group, as linux.resources.unified names them. */
static const struct {
	const char *start, *property;
	void (*add)(struct list *ret, const char *name, const char *value);
} files[] = {
	{ "cpu.max=", NULL, add_max },
	{ "cpu.weight=", "CPUWeight", add_amount },
	{ "cpuset.cpus=", "AllowedCPUs", add_cpus },
	{ "cpuset.mems=", "AllowedMemoryNodes", add_cpus },
	{ "memory.high=", "MemoryHigh", add_amount },
	{ "memory.low=", "MemoryLow", add_amount },
	{ "memory.max=", "MemoryMax", add_amount },
	{ "memory.min=", "MemoryMin", add_amount },
	{ "memory.swap.max=", "MemorySwapMax", add_amount },
	{ "pids.max=", "TasksMax", add_amount },
};

static void add_file(const char *item, struct list *ret)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (text_starts(item, files[i].start))
			files[i].add(ret, files[i].property, item + strlen(files[i].start));
}

void unit_limits(const struct limits *limits, bool is_v2, struct list *ret)
{
	add_memory(limits, is_v2, ret);
	add_cpu_weight(limits, is_v2, ret);
	add_quota(ret, limits->cpu_quota_us, limits->cpu_period_us);
	if (limits->pids != LIMIT_UNSET)
		add_number(ret, "TasksMax", limits->pids);
	if (limits->cpuset && *limits->cpuset)
		add_cpus(ret, "AllowedCPUs", limits->cpuset);
	if (limits->cpuset_mems && *limits->cpuset_mems)
		add_cpus(ret, "AllowedMemoryNodes", limits->cpuset_mems);
	add_io_weight(limits, is_v2, ret);
	for (size_t i = 0; i < limits->unified.count && is_v2; i++)
		add_file(limits->unified.items[i], ret);
}

/* systemd knows a device by its numbers, all of a major, or all of a kind. */
static void add_device(const struct device_rule *rule, struct text *line)
{
	const char *kind = rule->type == 'b' ? "block" : "char";

	text_add(line, text_ends(line->data, "[") ? "(" : ", (");
	if (rule->major < 0)
		text_addf(line, "'%s-*'", kind);
	else if (rule->minor < 0)
		text_addf(line, "'%s-%d'", kind, rule->major);
	else
		text_addf(line, "'/dev/%s/%d:%d'", kind, rule->major, rule->minor);
	text_addf(line, ", '%.*s')", (int)sizeof rule->access, rule->access);
}

void unit_devices(const struct device_rule *rules, size_t count, struct list *ret)
{
	autorelease(text) struct text line = { 0 };
	struct device_list list = { 0 };
	struct error ignored = { 0 };

	/* The first entry of an update is empty: it forgets those that the unit has. */
	if (device_list_make(rules, count, &list, &ignored) || list.is_allowed) {
		unit_text(ret, "DevicePolicy", "auto");
		list_add(ret, "DeviceAllow=@a(ss) []");
		device_list_release(&list);
		return;
	}
	/* "closed" has the standard nodes and terminals in it, as every container of box has. */
	unit_text(ret, "DevicePolicy", "closed");
	list_add(ret, "DeviceAllow=@a(ss) []");
	text_add(&line, "DeviceAllow=[");
	for (size_t i = 0; i < list.count; i++)
		add_device(&list.exceptions[i], &line);
	text_add(&line, "]");
	if (list.count)
		list_add(ret, line.data);
	device_list_release(&list);
}
