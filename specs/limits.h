/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - the resources that one container may use, as plain numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

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

struct io_weight {
	unsigned major, minor;
	int64_t weight, leaf_weight; /* LIMIT_UNSET: not said */
};

struct hugepage_limit {
	char *page_size; /* "2MB": as in the file's name */
	int64_t bytes;
};

struct device_rule {
	bool is_allowed;
	char type;        /* 'c', 'b' or 'a': all */
	int major, minor; /* -1: any */
	char access[4];   /* of "rwm" */
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

	/* What only an OCI configuration can say (config-linux.md, "Control groups"). */
	int64_t memory_and_swap;    /* bytes, both together: v1 memory.memsw.limit_in_bytes; v2 memory.swap.max = this - memory */
	int64_t swappiness;         /* 0 to 100; v1 only */
	int64_t oom_kill_disabled;  /* 1: yes, 0: no; v1 only */
	bool memory_checked_first;  /* update: a memory limit below what is in use is refused */
	int64_t cpu_shares;         /* 2 to 262144: v1 cpu.shares as it is; v2 cpu.weight by the runtimes' formula */
	int64_t cpu_burst_us, cpu_idle;
	int64_t cpu_rt_runtime_us, cpu_rt_period_us; /* v1 only */
	int64_t blkio_weight;       /* 10 to 1000: v1 blkio.weight or blkio.bfq.weight; v2 io.bfq.weight or io.weight by the formula */
	int64_t blkio_leaf_weight;  /* v1 only */
	struct io_weight *io_weights;
	size_t io_weight_count;
	struct hugepage_limit *hugepages;
	size_t hugepage_count;
	int64_t net_class;          /* v1 net_cls.classid */
	struct list net_priorities; /* "eth0 5": v1 net_prio.ifpriomap */
	struct list rdma;           /* "mlx5_0 hca_handle=2 hca_object=2000" */
	struct list unified;        /* v2: "memory.high=1073741824" */
	struct device_rule *device_rules; /* in order; the last that fits an access decides */
	size_t device_rule_count;

	bool pids_is_default; /* nobody wrote it: where it cannot be enforced box warns once and goes on */
	bool swap_is_default; /* likewise */
};

/* Everything LIMIT_UNSET. */
void limits_init(struct limits *limits);
void limits_release(struct limits *limits);
