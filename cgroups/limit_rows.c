/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_rows.c - the table of limits, and the texts that say them to the kernel.
 */
#include "cgroups/limit_rows.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "specs/limits.h"

void format_number(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	if (value == LIMIT_NONE)
		text_add(ret, is_v2 ? "max" : "-1");
	else
		text_addf(ret, "%" PRId64, value);
}

/* Without reservation: nothing is protected on v2, and reclaim begins nowhere on v1. */
static void format_reservation(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	text_addf(ret, "%" PRId64, value == LIMIT_NONE && is_v2 ? 0 : value);
}

/* v1 limits the sum of memory and swap. */
static void format_swap(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	bool is_sum = !is_v2 && value != LIMIT_NONE;

	if (is_sum && __builtin_add_overflow(value, limits->memory, &value))
		value = LIMIT_NONE;
	format_number(limits, value, is_v2, ret);
}

/* v2 limits swap alone. That both together are not less than memory has been checked. */
static void format_memory_and_swap(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	if (is_v2 && value != LIMIT_NONE && limits->memory > 0)
		value -= limits->memory;
	format_number(limits, value, is_v2, ret);
}

static int64_t period_of(const struct limits *limits)
{
	return limits->cpu_period_us > 0 ? limits->cpu_period_us : 100000;
}

static void format_period(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)value;
	(void)is_v2;
	text_addf(ret, "%" PRId64, period_of(limits));
}

static void format_quota(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	format_number(limits, value < 0 ? LIMIT_NONE : value, is_v2, ret);
	if (is_v2)
		text_addf(ret, " %" PRId64, period_of(limits));
}

/* The kernel's own scale between the two: weight 100 is 1024 shares; it takes 2 to 262144 shares. */
static void format_weight(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	int64_t shares = (value * 1024 + 50) / 100;

	(void)limits;
	text_addf(ret, "%" PRId64, is_v2 ? value : shares < 2 ? 2 : shares);
}

int64_t weight_of_shares(int64_t shares)
{
	if (shares <= 2)
		return 1;
	return shares >= 262144 ? 10000 : 1 + (shares - 2) * 9999 / 262142;
}

int64_t io_weight_of_blkio(int64_t weight)
{
	if (weight <= 10)
		return 1;
	return weight >= 1000 ? 10000 : 1 + (weight - 10) * 9999 / 990;
}

static void format_shares(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	text_addf(ret, "%" PRId64, is_v2 ? weight_of_shares(value) : value);
}

static void format_blkio_as_io(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)limits;
	text_addf(ret, "%" PRId64, is_v2 ? io_weight_of_blkio(value) : value);
}

static void format_pids(const struct limits *limits, int64_t value, bool is_v2, struct text *ret)
{
	(void)is_v2;
	format_number(limits, value < 0 ? LIMIT_NONE : value, /* is_v2= */ true, ret); /* "max" on v1, too */
}

#define AT(member) offsetof(struct limits, member)

static const struct limit_row rows[] = {
	{ "memory", "limits.memory", "memory.limit", CONTROLLER_MEMORY, "memory.max", "memory.limit_in_bytes", AT(memory),
	  .format = format_number },
	{ "swap", "limits.swap", NULL, CONTROLLER_MEMORY, "memory.swap.max", "memory.memsw.limit_in_bytes", AT(swap),
	  .format = format_swap, .default_offset = AT(swap_is_default) },
	{ "memory and swap", NULL, "memory.swap", CONTROLLER_MEMORY, "memory.swap.max", "memory.memsw.limit_in_bytes",
	  AT(memory_and_swap), .format = format_memory_and_swap },
	{ "memory reservation", "reservations.memory", "memory.reservation", CONTROLLER_MEMORY, "memory.low",
	  "memory.soft_limit_in_bytes", AT(memory_reservation), .format = format_reservation },
	{ "swappiness", NULL, "memory.swappiness", CONTROLLER_MEMORY, NULL, "memory.swappiness", AT(swappiness),
	  .format = format_number },
	{ "the OOM killer's silence", NULL, "memory.disableOOMKiller", CONTROLLER_MEMORY, NULL, "memory.oom_control",
	  AT(oom_kill_disabled), .format = format_number, .flags = ROW_ZERO_IS_OFF },
	{ "pids", "limits.pids", "pids.limit", CONTROLLER_PIDS, "pids.max", "pids.max", AT(pids), .format = format_pids,
	  .default_offset = AT(pids_is_default) },
	{ "cpu period", "limits.cpus", "cpu.period", CONTROLLER_CPU, NULL, "cpu.cfs_period_us", AT(cpu_quota_us),
	  .format = format_period, .flags = ROW_PART },
	{ "cpus", "limits.cpus", "cpu.quota", CONTROLLER_CPU, "cpu.max", "cpu.cfs_quota_us", AT(cpu_quota_us),
	  .format = format_quota },
	{ "cpu burst", NULL, "cpu.burst", CONTROLLER_CPU, "cpu.max.burst", "cpu.cfs_burst_us", AT(cpu_burst_us),
	  .format = format_number, .flags = ROW_ZERO_IS_OFF },
	{ "cpu weight", "limits.cpu_weight", NULL, CONTROLLER_CPU, "cpu.weight", "cpu.shares", AT(cpu_weight),
	  .format = format_weight },
	{ "cpu shares", NULL, "cpu.shares", CONTROLLER_CPU, "cpu.weight", "cpu.shares", AT(cpu_shares), .format = format_shares },
	{ "cpu idle", NULL, "cpu.idle", CONTROLLER_CPU, "cpu.idle", "cpu.idle", AT(cpu_idle), .format = format_number,
	  .flags = ROW_ZERO_IS_OFF },
	{ "realtime period", NULL, "cpu.realtimePeriod", CONTROLLER_CPU, NULL, "cpu.rt_period_us", AT(cpu_rt_period_us),
	  .format = format_number },
	{ "realtime runtime", NULL, "cpu.realtimeRuntime", CONTROLLER_CPU, NULL, "cpu.rt_runtime_us", AT(cpu_rt_runtime_us),
	  .format = format_number },
	{ "cpuset", "limits.cpuset", "cpu.cpus", CONTROLLER_CPUSET, "cpuset.cpus", "cpuset.cpus", AT(cpuset), .flags = ROW_TEXT },
	{ "cpuset mems", "limits.cpuset_mems", "cpu.mems", CONTROLLER_CPUSET, "cpuset.mems", "cpuset.mems", AT(cpuset_mems),
	  .flags = ROW_TEXT },
	{ "io weight", "limits.io_weight", NULL, CONTROLLER_IO, "io.weight", "blkio.weight", AT(io_weight), .format = format_number,
	  .v2_other = "io.bfq.weight", .v1_other = "blkio.bfq.weight" },
	{ "io weight", NULL, "blockIO.weight", CONTROLLER_IO, "io.bfq.weight", "blkio.weight", AT(blkio_weight),
	  .format = format_number, .v2_other = "io.weight", .v1_other = "blkio.bfq.weight", .format_other = format_blkio_as_io },
	{ "io leaf weight", NULL, "blockIO.leafWeight", CONTROLLER_IO, NULL, "blkio.leaf_weight", AT(blkio_leaf_weight),
	  .format = format_number },
	{ "network class", NULL, "network.classID", CONTROLLER_NET_CLS, NULL, "net_cls.classid", AT(net_class),
	  .format = format_number },
	{ .name = NULL },
};

const struct limit_row *limit_rows(void)
{
	return rows;
}

static int64_t number_of(const struct limits *limits, const struct limit_row *row)
{
	int64_t value;

	memcpy(&value, (const char *)limits + row->offset, sizeof value);
	return value;
}

static const char *text_of(const struct limits *limits, const struct limit_row *row)
{
	const char *value;

	memcpy(&value, (const char *)limits + row->offset, sizeof value);
	return value;
}

bool row_is_said(const struct limits *limits, const struct limit_row *row)
{
	if (row->flags & ROW_TEXT)
		return text_of(limits, row) && *text_of(limits, row);
	return number_of(limits, row) != LIMIT_UNSET;
}

bool row_is_unlimited(const struct limits *limits, const struct limit_row *row)
{
	if (row->flags & ROW_TEXT)
		return false;
	return number_of(limits, row) == LIMIT_NONE || ((row->flags & ROW_ZERO_IS_OFF) && number_of(limits, row) == 0);
}

bool row_is_default(const struct limits *limits, const struct limit_row *row)
{
	return row->default_offset && *((const bool *)limits + row->default_offset);
}

void row_format(const struct limits *limits, const struct limit_row *row, bool is_v2, bool is_other, struct text *ret)
{
	text_clear(ret);
	if (row->flags & ROW_TEXT)
		text_add(ret, text_of(limits, row));
	else if (is_other && row->format_other)
		row->format_other(limits, number_of(limits, row), is_v2, ret);
	else
		row->format(limits, number_of(limits, row), is_v2, ret);
}

const char *row_field(const struct limit_row *row, bool is_oci, struct text *ret)
{
	bool in_oci = row->oci_field && (is_oci || !row->app_field);

	text_clear(ret);
	text_addf(ret, "%sresources.%s", in_oci ? "linux." : "", in_oci ? row->oci_field : row->app_field);
	return ret->data;
}

struct limits limits_settled(const struct limits *limits)
{
	struct limits settled = *limits;
	/* Where 0 is no value that a container could live with, runc and the engines say "as it is" by it. */
	int64_t *const zeros[] = { &settled.memory, &settled.memory_reservation, &settled.memory_and_swap, &settled.cpu_quota_us,
				   &settled.cpu_shares, &settled.cpu_rt_runtime_us, &settled.cpu_rt_period_us, &settled.pids,
				   &settled.blkio_weight, &settled.blkio_leaf_weight, &settled.net_class };

	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
		if (*zeros[i] == 0)
			*zeros[i] = LIMIT_UNSET;
	if (settled.swappiness == -1)
		settled.swappiness = LIMIT_UNSET;
	/* A limit of both would be one of memory. */
	if (settled.memory == LIMIT_NONE && settled.memory_and_swap == LIMIT_UNSET && settled.swap == LIMIT_UNSET)
		settled.memory_and_swap = LIMIT_NONE;
	return settled;
}
