/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - the resources that one container may use, as plain numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nothing was said: the kernel's value stays. */
#define LIMIT_UNSET INT64_MIN
/* Explicitly without limit. */
#define LIMIT_NONE INT64_C(-1)

/* One block device's throttle; LIMIT_UNSET where nothing was said. */
struct io_limit {
	char *device; /* path on the host, as written: "/dev/sda" */
	unsigned major, minor;
	int64_t read_bps, write_bps;   /* bytes per second */
	int64_t read_iops, write_iops; /* operations per second */
};

struct limits {
	int64_t memory;             /* bytes: memory.max; v1 memory.limit_in_bytes */
	int64_t memory_reservation; /* bytes: memory.low; v1 memory.soft_limit_in_bytes */
	int64_t swap;               /* bytes of swap beside memory: memory.swap.max; v1 memsw = memory + swap */
	int64_t cpu_quota_us;       /* per cpu_period_us: cpu.max; v1 cpu.cfs_quota_us */
	int64_t cpu_period_us;      /* 100000 unless set */
	int64_t cpu_weight;         /* 1 to 10000 as v2's cpu.weight; v1 cpu.shares by the kernel's scale (100 = 1024 shares) */
	char *cpuset;               /* "0-1,4", NULL: all */
	char *cpuset_mems;          /* "0", NULL: all */
	int64_t pids;               /* pids.max */
	int64_t io_weight;          /* 1 to 10000 */
	struct io_limit *io;
	size_t io_count;
	bool pids_is_default; /* nobody wrote it: where it cannot be enforced box warns once and goes on */
	bool swap_is_default; /* likewise */
};

/* Everything LIMIT_UNSET. */
void limits_init(struct limits *limits);
void limits_release(struct limits *limits);
