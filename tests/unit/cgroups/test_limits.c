/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limits.c - every limit as the text that goes into which file, and the messages where it cannot.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/limit_rows.h"
#include "cgroups/limits.h"
#include "specs/limits.h"
#include "tests/unit/base/scratch.h"

enum { ALL = (1 << CONTROLLER_COUNT) - 1 };

static struct limits unset(void)
{
	struct limits limits;

	limits_init(&limits);
	return limits;
}

struct expected {
	const char *file, *content;
};

/* Writes limits into a folder that has just these files, and compares. */
static void check_files(bool is_v2, const struct limits *limits, const struct expected *files, size_t count)
{
	struct scratch folder = scratch_make();
	struct branch branch = { .tree = { .root = (char *)"/x", .controllers = ALL, .is_v2 = is_v2 },
				 .folder = folder.fd,
				 .parent = -1,
				 .tasks = -1 };
	struct cgroup group = { .version = is_v2 ? CGROUP_V2 : CGROUP_V1, .branches = &branch, .count = 1 };
	struct error e = { 0 };

	for (size_t i = 0; i < count; i++)
		cr_assert_eq(file_replace(folder.fd, files[i].file, "", 0, 0600, &e), 0);
	cr_assert_eq(limits_write(&group, limits, /* is_fresh= */ false, &e), 0, "%s", e.text);
	for (size_t i = 0; i < count; i++) {
		struct text content = { 0 };

		cr_assert_eq(file_read(folder.fd, files[i].file, 4096, &content, &e), 0);
		cr_assert_str_eq(content.data ? content.data : "", files[i].content, "%s has \"%s\"", files[i].file,
				 content.data);
		text_release(&content);
	}
	scratch_remove(&folder);
}

#define CHECK(is_v2, limits, ...)                                                                                      \
	do {                                                                                                           \
		const struct expected files_[] = { __VA_ARGS__ };                                                      \
		check_files(is_v2, limits, files_, sizeof files_ / sizeof *files_);                                    \
	} while (0)

static struct limits every_limit(struct io_limit *io)
{
	struct limits limits = unset();

	limits.memory = 64 << 20;
	limits.memory_reservation = 32 << 20;
	limits.swap = 1 << 20;
	limits.cpu_quota_us = 150000;
	limits.cpu_weight = 200;
	limits.pids = 16;
	limits.cpuset = (char *)"0-1,4";
	limits.cpuset_mems = (char *)"0";
	limits.io_weight = 50;
	limits.io = io;
	limits.io_count = 1;
	return limits;
}

Test(limits, files_of_v2)
{
	struct io_limit io = { (char *)"/dev/sda", 8, 0, 1000, LIMIT_NONE, LIMIT_UNSET, 5 };
	struct limits limits = every_limit(&io);

	CHECK(true, &limits, { "memory.max", "67108864" }, { "memory.low", "33554432" },
	      { "memory.swap.max", "1048576" }, { "cpu.max", "150000 100000" }, { "cpu.weight", "200" },
	      { "pids.max", "16" }, { "cpuset.cpus", "0-1,4" }, { "cpuset.mems", "0" }, { "io.bfq.weight", "50" },
	      { "io.max", "8:0 rbps=1000 wbps=max wiops=5" });
}

Test(limits, files_of_v1)
{
	struct io_limit io = { (char *)"/dev/sda", 8, 0, 1000, LIMIT_NONE, LIMIT_UNSET, 5 };
	struct limits limits = every_limit(&io);

	CHECK(false, &limits, { "memory.limit_in_bytes", "67108864" }, { "memory.soft_limit_in_bytes", "33554432" },
	      { "memory.memsw.limit_in_bytes", "68157440" }, { "cpu.cfs_period_us", "100000" },
	      { "cpu.cfs_quota_us", "150000" }, { "cpu.shares", "2048" }, { "pids.max", "16" },
	      { "cpuset.cpus", "0-1,4" }, { "cpuset.mems", "0" }, { "blkio.weight", "50" },
	      { "blkio.throttle.read_bps_device", "8:0 1000" }, { "blkio.throttle.write_bps_device", "8:0 0" },
	      { "blkio.throttle.write_iops_device", "8:0 5" });
}

Test(limits, without_limit)
{
	struct limits limits = unset();

	limits.memory = limits.swap = limits.memory_reservation = limits.cpu_quota_us = limits.pids = LIMIT_NONE;
	CHECK(true, &limits, { "memory.max", "max" }, { "memory.low", "0" }, { "memory.swap.max", "max" },
	      { "cpu.max", "max 100000" }, { "pids.max", "max" });
	CHECK(false, &limits, { "memory.limit_in_bytes", "-1" }, { "memory.soft_limit_in_bytes", "-1" },
	      { "memory.memsw.limit_in_bytes", "-1" }, { "cpu.cfs_period_us", "100000" }, { "cpu.cfs_quota_us", "-1" },
	      { "pids.max", "max" });
}

Test(limits, weights_stay_in_the_range_of_shares)
{
	struct limits limits = unset();

	limits.cpu_period_us = LIMIT_UNSET;
	limits.cpu_weight = 100;
	CHECK(false, &limits, { "cpu.shares", "1024" });
	limits.cpu_weight = 1;
	CHECK(false, &limits, { "cpu.shares", "10" });
	limits.cpu_weight = 10000;
	CHECK(false, &limits, { "cpu.shares", "102400" });
}

Test(limits, no_swap_accounting)
{
	struct limits limits = unset();
	struct scratch folder = scratch_make();
	struct branch branch = {
		.tree = { .root = (char *)"/x", .controllers = ALL }, .folder = folder.fd, .parent = -1, .tasks = -1
	};
	struct cgroup group = { .version = CGROUP_V1, .branches = &branch, .count = 1 };
	struct error e = { 0 };

	limits.swap = 0;
	cr_assert_eq(limits_write(&group, &limits, true, &e), -1, "memory and swap together, and no memory");
	cr_assert_str_eq(
		e.text,
		"limit swap to 0: cgroup v1 can only limit memory and swap together, and no memory limit is set");
	cr_assert_str_eq(e.field, "resources.limits.swap");
	limits.memory = 4096;
	cr_assert_eq(file_replace(folder.fd, "memory.limit_in_bytes", "", 0, 0600, &e), 0);
	error_clear(&e);
	cr_assert_eq(limits_write(&group, &limits, true, &e), -1);
	cr_assert_str_eq(e.text, "limit swap to 0: this kernel does not account swap");
	limits.swap_is_default = true;
	cr_assert_eq(limits_write(&group, &limits, true, &e), 0, "a default is a warning");
	scratch_remove(&folder);
}

Test(limits, missing_controller)
{
	struct tree tree = { .root = (char *)"/x", .controllers = CONTROLLER_BIT(CONTROLLER_MEMORY) };
	struct layout layout = { .version = CGROUP_V1, .trees = &tree, .count = 1 };
	struct limits limits = unset();
	struct error e = { 0 };
	unsigned wanted = 0;

	limits.memory = 4096;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), 0);
	cr_assert_eq(wanted, CONTROLLER_BIT(CONTROLLER_MEMORY));
	limits.cpu_quota_us = 50000;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), -1);
	cr_assert_str_eq(
		e.text,
		"limit cpus to 50000 100000: the controller \"cpu\" is not available to box on this host (cgroup v1)");
	cr_assert_str_eq(e.field, "resources.limits.cpus");
	cr_assert_eq(e.kind, ERROR_UNSUPPORTED);
	cr_assert(e.hint[0]);
	limits.cpu_quota_us = LIMIT_NONE;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), 0, "no limit is what there is");
	limits.pids = 1024;
	limits.pids_is_default = true;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), 0, "a default is a warning");
	limits.pids_is_default = false;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), -1);
	cr_assert_str_eq(e.field, "resources.limits.pids");
}

Test(limits, no_cgroups_at_all)
{
	struct layout layout = { .reason = (char *)"because", .fix = (char *)"do this" };
	struct io_limit io = { .device = (char *)"/dev/sda" };
	struct limits limits = unset();
	struct error e = { 0 };
	unsigned wanted;

	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), 0, "nothing was asked for");
	cr_assert_eq(wanted, 0);
	limits.memory = 4096;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), -1);
	cr_assert_str_eq(e.text, "limit memory to 4096: because");
	cr_assert_str_eq(e.hint, "do this");
	limits.memory = LIMIT_UNSET;
	limits.io = &io;
	limits.io_count = 1;
	cr_assert_eq(limits_check(&limits, &layout, /* is_oci= */ false, &wanted, &e), -1);
	cr_assert_str_eq(e.field, "resources.limits.io[0]");
}

Test(limits, controller_not_joined)
{
	struct branch branch = { .tree = { .root = (char *)"/x", .controllers = CONTROLLER_BIT(CONTROLLER_MEMORY) },
				 .folder = -1,
				 .parent = -1,
				 .tasks = -1 };
	struct cgroup group = { .version = CGROUP_V1, .branches = &branch, .count = 1 };
	struct limits limits = unset();
	struct error e = { 0 };

	limits.cpu_weight = 10;
	cr_assert_eq(cgroup_update(&group, &limits, &e), -1);
	cr_assert_str_eq(e.text, "limit cpu weight to 10: the running container is not in a group of that controller");
}

Test(limits, conversions)
{
	static const int64_t shares[][2] = { { 2, 1 }, { 1024, 39 }, { 512, 20 }, { 262144, 10000 }, { 2048, 79 }, { 131072, 5000 } };
	static const int64_t weights[][2] = { { 10, 1 }, { 1000, 10000 }, { 500, 4950 }, { 100, 910 } };

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		cr_assert_eq(weight_of_shares(shares[i][0]), shares[i][1], "%ld shares", (long)shares[i][0]);
	for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
		cr_assert_eq(io_weight_of_blkio(weights[i][0]), weights[i][1], "weight %ld", (long)weights[i][0]);
}

static struct limits every_oci_limit(void)
{
	static struct io_limit io = { NULL, 8, 16, 1000, 0, LIMIT_UNSET, 5 };
	static struct io_weight weight = { 8, 16, 500, LIMIT_UNSET };
	static struct hugepage_limit pages = { (char *)"2MB", 4 << 20 };
	struct limits limits = unset();

	limits.memory = 64 << 20;
	limits.memory_and_swap = 96 << 20;
	limits.cpu_shares = 1024;
	limits.cpu_burst_us = 20000;
	limits.cpu_quota_us = 50000;
	limits.cpu_idle = 1;
	limits.blkio_weight = 500;
	limits.io = &io;
	limits.io_weights = &weight;
	limits.hugepages = &pages;
	limits.io_count = limits.io_weight_count = limits.hugepage_count = 1;
	list_add(&limits.rdma, "mlx5_0 hca_handle=2 hca_object=2000");
	return limits;
}

Test(limits, oci_files_of_v2)
{
	struct limits limits = every_oci_limit();

	list_add(&limits.unified, "memory.high=1073741824");
	CHECK(true, &limits, { "memory.max", "67108864" }, { "memory.swap.max", "33554432" }, { "cpu.weight", "39" },
	      { "cpu.max", "50000 100000" }, { "cpu.max.burst", "20000" }, { "cpu.idle", "1" }, { "io.weight", "8:16 4950" },
	      { "io.max", "8:16 rbps=1000 wbps=max wiops=5" }, { "hugetlb.2MB.max", "4194304" }, { "hugetlb.2MB.rsvd.max", "4194304" },
	      { "rdma.max", "mlx5_0 hca_handle=2 hca_object=2000" }, { "memory.high", "1073741824" });
	limits.io_weight_count = 0;
	CHECK(true, &limits, { "memory.max", "67108864" }, { "memory.swap.max", "33554432" }, { "cpu.weight", "39" },
	      { "cpu.max", "50000 100000" }, { "cpu.max.burst", "20000" }, { "cpu.idle", "1" }, { "io.bfq.weight", "500" },
	      { "io.max", "8:16 rbps=1000 wbps=max wiops=5" }, { "hugetlb.2MB.max", "4194304" },
	      { "rdma.max", "mlx5_0 hca_handle=2 hca_object=2000" }, { "memory.high", "1073741824" });
	list_release(&limits.rdma);
	list_release(&limits.unified);
}

Test(limits, oci_files_of_v1)
{
	struct limits limits = every_oci_limit();

	limits.swappiness = 60;
	limits.oom_kill_disabled = 1;
	limits.cpu_rt_runtime_us = 10000;
	limits.cpu_rt_period_us = 200000;
	limits.net_class = 1048577;
	limits.blkio_leaf_weight = 300;
	limits.io_weights[0].leaf_weight = 20;
	list_add(&limits.net_priorities, "eth0 5");
	CHECK(false, &limits, { "memory.limit_in_bytes", "67108864" }, { "memory.memsw.limit_in_bytes", "100663296" },
	      { "memory.swappiness", "60" }, { "memory.oom_control", "1" }, { "cpu.shares", "1024" }, { "cpu.cfs_period_us", "100000" },
	      { "cpu.cfs_quota_us", "50000" }, { "cpu.cfs_burst_us", "20000" }, { "cpu.idle", "1" }, { "cpu.rt_period_us", "200000" },
	      { "cpu.rt_runtime_us", "10000" }, { "blkio.bfq.weight", "500" }, { "blkio.bfq.weight_device", "8:16 500" },
	      { "blkio.leaf_weight", "300" }, { "blkio.leaf_weight_device", "8:16 20" }, { "blkio.throttle.read_bps_device", "8:16 1000" },
	      { "blkio.throttle.write_bps_device", "8:16 0" }, { "blkio.throttle.write_iops_device", "8:16 5" },
	      { "hugetlb.2MB.limit_in_bytes", "4194304" }, { "net_cls.classid", "1048577" }, { "net_prio.ifpriomap", "eth0 5" },
	      { "rdma.max", "mlx5_0 hca_handle=2 hca_object=2000" });
	list_release(&limits.rdma);
	list_release(&limits.net_priorities);
}

/* What an engine sends with "update": 0 leaves alone. */
Test(limits, zeros_are_not_said)
{
	struct limits limits = unset();

	limits.memory = limits.memory_reservation = limits.memory_and_swap = limits.cpu_quota_us = limits.cpu_shares = limits.pids =
		limits.blkio_weight = limits.cpu_rt_runtime_us = limits.cpu_rt_period_us = 0;
	limits.cpu_period_us = LIMIT_UNSET;
	limits.cpuset = (char *)"";
	CHECK(true, &limits, { "memory.max", "" }, { "pids.max", "" });
	CHECK(false, &limits, { "memory.limit_in_bytes", "" }, { "pids.max", "" });
	/* Without a limit of memory there is none of both. */
	limits.memory = LIMIT_NONE;
	CHECK(true, &limits, { "memory.max", "max" }, { "memory.swap.max", "max" });
	CHECK(false, &limits, { "memory.limit_in_bytes", "-1" }, { "memory.memsw.limit_in_bytes", "-1" });
	CHECK(false, &limits, { "memory.limit_in_bytes", "-1" });
	/* An app.json's 0 is a limit: no swap. */
	limits = unset();
	limits.cpu_period_us = LIMIT_UNSET;
	limits.swap = 0;
	CHECK(true, &limits, { "memory.swap.max", "0" });
}

Test(limits, a_period_alone_keeps_the_quota)
{
	struct limits limits = unset();

	limits.cpu_period_us = 50000;
	CHECK(false, &limits, { "cpu.cfs_period_us", "50000" });
}

static int check_on(bool is_v2, const struct limits *limits, struct error *e)
{
	struct tree tree = { .root = (char *)"/x", .controllers = ALL, .is_v2 = is_v2 };
	struct layout layout = { .version = is_v2 ? CGROUP_V2 : CGROUP_V1, .trees = &tree, .count = 1 };
	unsigned wanted;

	error_clear(e);
	return limits_check(limits, &layout, /* is_oci= */ true, &wanted, e);
}

Test(limits, what_a_host_cannot_do_names_the_field)
{
	struct limits limits = unset();
	struct error e = { 0 };

	limits.swappiness = 60;
	cr_assert_eq(check_on(false, &limits, &e), 0);
	cr_assert_eq(check_on(true, &limits, &e), -1);
	cr_assert_str_eq(e.text, "limit swappiness to 60: cgroup v2 has no such limit");
	cr_assert_str_eq(e.field, "linux.resources.memory.swappiness");
	limits = unset();
	limits.oom_kill_disabled = 0;
	cr_assert_eq(check_on(true, &limits, &e), 0, "what every engine says");
	limits = unset();
	limits.memory = 2000;
	limits.memory_and_swap = 1000;
	cr_assert_eq(check_on(true, &limits, &e), -1);
	cr_assert_str_eq(e.field, "linux.resources.memory.swap");
	limits = unset();
	list_add(&limits.unified, "memory.high=1");
	cr_assert_eq(check_on(true, &limits, &e), 0);
	cr_assert_eq(check_on(false, &limits, &e), -1);
	cr_assert_str_eq(e.text, "limit memory.high=1: the controller \"memory\" is one of cgroup v1 on this host, which has no such file");
	list_release(&limits.unified);
}

Test(limits, unified_names_files_of_controllers)
{
	static const char *const bad[] = { "memory=1", "cgroup.procs=1", "../x.y=1", "memory.a/../b=1", "memory.high", ".x=1", "freezer.x=1", "" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct limits limits = unset();
		struct error e = { 0 };

		list_add(&limits.unified, bad[i]);
		cr_assert_eq(check_on(true, &limits, &e), -1, "\"%s\"", bad[i]);
		cr_assert_str_eq(e.field, "linux.resources.unified");
		list_release(&limits.unified);
	}
}

Test(limits, page_sizes_are_part_of_a_name)
{
	static const struct {
		const char *size;
		int result;
	} cases[] = { { "2MB", 0 }, { "1GB", 0 }, { "64KB", 0 }, { "2M", -1 }, { "../MB", -1 }, { "MB", -1 }, { "2MB/x", -1 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hugepage_limit pages = { (char *)cases[i].size, 1 };
		struct limits limits = unset();
		struct error e = { 0 };

		limits.hugepages = &pages;
		limits.hugepage_count = 1;
		cr_assert_eq(check_on(true, &limits, &e), cases[i].result, "\"%s\"", cases[i].size);
	}
}

Test(limits, what_is_written_needs_its_controllers_and_defaults_need_none)
{
	struct limits limits = unset();
	struct list needed = { 0 };

	limits.pids = 1024;
	limits.pids_is_default = true;
	limits.cpu_weight = LIMIT_NONE;
	cgroup_needed(&limits, &needed);
	cr_assert_eq(needed.count, 0u);
	limits.pids_is_default = false;
	limits.memory = 1 << 20;
	limits.memory_reservation = 1 << 19;
	list_add(&limits.unified, "io.max=8:0 rbps=1");
	list_add(&limits.unified, "cgroup.max.depth=1");
	cgroup_needed(&limits, &needed);
	cr_assert_eq(needed.count, 3u);
	cr_expect(list_has(&needed, "memory") && list_has(&needed, "pids") && list_has(&needed, "io"));
	list_release(&needed);
	limits_release(&limits);
}
