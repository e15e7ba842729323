/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - the table of figures, and the loop that reads them.
 *
 * A row says which figure of struct cgroup_stats is in which file of which controller, and under which key. Rows of one file stand
 * together: it is read once. A file or a key that is not there leaves LIMIT_UNSET.
 *
 * On v1 cpu figures exist only where the group joined the cpu trees, because a cpu limit was set.
 */
#include "cgroups/stats.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cgroups/group.h"
#include "specs/limits.h"

enum { FILE_SIZE_MAX = 16384 };

/* v1 writes "no limit" as the largest multiple of the page size below 2^63. */
#define V1_UNLIMITED (INT64_MAX - 0xffff)

enum shape {
	SHAPE_NUMBER, /* the whole file is a number, or "max" */
	SHAPE_KEY,    /* "key number" lines */
	SHAPE_SUM,    /* lines per device: all "key=number" (v2) or "8:0 key number" (v1) are added */
};

struct figure {
	enum controller controller;
	const char *file;
	const char *key;
	enum shape shape;
	size_t offset;
	int64_t divisor;
};

#define AT(member) offsetof(struct cgroup_stats, member)

static const struct figure v2_figures[] = {
	{ CONTROLLER_MEMORY, "memory.current", NULL, SHAPE_NUMBER, AT(memory_current), 1 },
	{ CONTROLLER_MEMORY, "memory.peak", NULL, SHAPE_NUMBER, AT(memory_peak), 1 }, /* Linux 5.19 */
	{ CONTROLLER_MEMORY, "memory.max", NULL, SHAPE_NUMBER, AT(memory_max), 1 },
	{ CONTROLLER_MEMORY, "memory.swap.current", NULL, SHAPE_NUMBER, AT(swap_current), 1 },
	{ CONTROLLER_MEMORY, "memory.swap.max", NULL, SHAPE_NUMBER, AT(swap_max), 1 },
	{ CONTROLLER_MEMORY, "memory.events", "oom_kill", SHAPE_KEY, AT(oom_kills), 1 },
	{ CONTROLLER_PIDS, "pids.current", NULL, SHAPE_NUMBER, AT(pids_current), 1 },
	{ CONTROLLER_PIDS, "pids.max", NULL, SHAPE_NUMBER, AT(pids_max), 1 },
	{ CONTROLLER_PIDS, "pids.events", "max", SHAPE_KEY, AT(pids_refused), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "usage_usec", SHAPE_KEY, AT(cpu_us), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "user_usec", SHAPE_KEY, AT(cpu_user_us), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "system_usec", SHAPE_KEY, AT(cpu_system_us), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "nr_periods", SHAPE_KEY, AT(cpu_periods), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "nr_throttled", SHAPE_KEY, AT(cpu_throttled_periods), 1 },
	{ CONTROLLER_CPUACCT, "cpu.stat", "throttled_usec", SHAPE_KEY, AT(cpu_throttled_us), 1 },
	{ CONTROLLER_IO, "io.stat", "rbytes", SHAPE_SUM, AT(io_read_bytes), 1 },
	{ CONTROLLER_IO, "io.stat", "wbytes", SHAPE_SUM, AT(io_write_bytes), 1 },
	{ CONTROLLER_IO, "io.stat", "rios", SHAPE_SUM, AT(io_reads), 1 },
	{ CONTROLLER_IO, "io.stat", "wios", SHAPE_SUM, AT(io_writes), 1 },
	{ .file = NULL },
};

/* swap_current and swap_max hold memory and swap together until v1_split_swap. */
static const struct figure v1_figures[] = {
	{ CONTROLLER_MEMORY, "memory.usage_in_bytes", NULL, SHAPE_NUMBER, AT(memory_current), 1 },
	{ CONTROLLER_MEMORY, "memory.max_usage_in_bytes", NULL, SHAPE_NUMBER, AT(memory_peak), 1 },
	{ CONTROLLER_MEMORY, "memory.limit_in_bytes", NULL, SHAPE_NUMBER, AT(memory_max), 1 },
	{ CONTROLLER_MEMORY, "memory.memsw.usage_in_bytes", NULL, SHAPE_NUMBER, AT(swap_current), 1 },
	{ CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", NULL, SHAPE_NUMBER, AT(swap_max), 1 },
	{ CONTROLLER_MEMORY, "memory.oom_control", "oom_kill", SHAPE_KEY, AT(oom_kills), 1 }, /* Linux 4.13 */
	{ CONTROLLER_PIDS, "pids.current", NULL, SHAPE_NUMBER, AT(pids_current), 1 },
	{ CONTROLLER_PIDS, "pids.max", NULL, SHAPE_NUMBER, AT(pids_max), 1 },
	{ CONTROLLER_PIDS, "pids.events", "max", SHAPE_KEY, AT(pids_refused), 1 },
	{ CONTROLLER_CPUACCT, "cpuacct.usage", NULL, SHAPE_NUMBER, AT(cpu_us), 1000 },
	{ CONTROLLER_CPUACCT, "cpuacct.usage_user", NULL, SHAPE_NUMBER, AT(cpu_user_us), 1000 },
	{ CONTROLLER_CPUACCT, "cpuacct.usage_sys", NULL, SHAPE_NUMBER, AT(cpu_system_us), 1000 },
	{ CONTROLLER_CPU, "cpu.stat", "nr_periods", SHAPE_KEY, AT(cpu_periods), 1 },
	{ CONTROLLER_CPU, "cpu.stat", "nr_throttled", SHAPE_KEY, AT(cpu_throttled_periods), 1 },
	{ CONTROLLER_CPU, "cpu.stat", "throttled_time", SHAPE_KEY, AT(cpu_throttled_us), 1000 },
	{ CONTROLLER_IO, "blkio.throttle.io_service_bytes", "Read", SHAPE_SUM, AT(io_read_bytes), 1 },
	{ CONTROLLER_IO, "blkio.throttle.io_service_bytes", "Write", SHAPE_SUM, AT(io_write_bytes), 1 },
	{ CONTROLLER_IO, "blkio.throttle.io_serviced", "Read", SHAPE_SUM, AT(io_reads), 1 },
	{ CONTROLLER_IO, "blkio.throttle.io_serviced", "Write", SHAPE_SUM, AT(io_writes), 1 },
	{ .file = NULL },
};

/* "max", or digits; anything else is LIMIT_UNSET. What follows the number does not matter. */
static int64_t parse_number(const char *text)
{
	int64_t value;
	char *end;

	if (strncmp(text, "max", 3) == 0)
		return LIMIT_NONE;
	if (!isdigit((unsigned char)*text))
		return LIMIT_UNSET;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || value >= V1_UNLIMITED ? LIMIT_NONE : value;
}

/* The number behind "key " at the beginning of a line. */
static int64_t find_key(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (*text) {
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return parse_number(text + length + 1);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return LIMIT_UNSET;
}

/* The sum of all numbers behind " key=" or " key ". An empty file is a device that nothing was done to: 0. */
static int64_t sum_key(const char *text, const char *key)
{
	size_t length = strlen(key);
	int64_t sum = 0;

	for (text = strchr(text, ' '); text; text = strchr(text, ' ')) {
		int64_t value;

		text++;
		if (strncmp(text, key, length) != 0 || (text[length] != '=' && text[length] != ' '))
			continue;
		value = parse_number(text + length + 1);
		if (value > 0 && __builtin_add_overflow(sum, value, &sum))
			return LIMIT_UNSET;
	}
	return sum;
}

int64_t stats_parse(const char *text, const char *key, bool is_sum)
{
	return !key ? parse_number(text) : is_sum ? sum_key(text, key) : find_key(text, key);
}

static void set_figure(struct cgroup_stats *stats, const struct figure *figure, const char *text)
{
	int64_t value = stats_parse(text, figure->key, figure->shape == SHAPE_SUM);

	if (value > 0)
		value /= figure->divisor;
	memcpy((char *)stats + figure->offset, &value, sizeof value);
}

static void stats_init(struct cgroup_stats *stats)
{
	int64_t *all = (int64_t *)stats; /* nothing but int64_t is in it */

	for (size_t i = 0; i < sizeof *stats / sizeof *all; i++)
		all[i] = LIMIT_UNSET;
}

/* v1 tells memory and swap together. */
static void split_swap(struct cgroup_stats *stats)
{
	if (stats->swap_current >= 0 && stats->memory_current >= 0)
		stats->swap_current =
			stats->swap_current > stats->memory_current ? stats->swap_current - stats->memory_current : 0;
	if (stats->swap_max >= 0 && stats->memory_max >= 0)
		stats->swap_max = stats->swap_max > stats->memory_max ? stats->swap_max - stats->memory_max : 0;
}

static int read_figures(const struct branch *branch, struct cgroup_stats *stats, char *buffer, struct error *e)
{
	const struct figure *figures = branch->tree.is_v2 ? v2_figures : v1_figures;
	const char *last = NULL;
	bool is_read = false;

	for (const struct figure *figure = figures; figure->file; figure++) {
		if (!(branch->tree.controllers & CONTROLLER_BIT(figure->controller)))
			continue;
		if (!last || strcmp(figure->file, last) != 0) {
			is_read = group_read(branch, figure->file, buffer, FILE_SIZE_MAX) >= 0;
			if (!is_read && errno != ENOENT && errno != ENODEV && errno != EOPNOTSUPP)
				return error_sys(e, "read %s of cgroup %s", figure->file, branch->tree.root);
			last = figure->file;
		}
		if (is_read)
			set_figure(stats, figure, buffer);
	}
	return 0;
}

int cgroup_stats(const struct cgroup *group, struct cgroup_stats *ret, struct error *e)
{
	char buffer[FILE_SIZE_MAX];
	struct cgroup_stats stats;

	stats_init(&stats);
	for (size_t i = 0; i < group->count; i++)
		if (read_figures(&group->branches[i], &stats, buffer, e))
			return -1;
	if (group->version != CGROUP_V2 && group_branch(group, CONTROLLER_MEMORY) &&
	    !group_branch(group, CONTROLLER_MEMORY)->tree.is_v2)
		split_swap(&stats);
	*ret = stats;
	return 0;
}
