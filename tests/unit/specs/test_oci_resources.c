/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_resources.c - OCI's linux.resources, in config.json and for update.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"
#include "tests/unit/specs/oci_sample.h"

static void good(const char *json, struct limits *ret)
{
	struct error e = { 0 };

	cr_assert_eq(oci_sample_resources(json, ret, &e), 0, "%s: %s", json, e.text);
}

Test(oci_resources, nothing)
{
	struct limits l;

	good("{'memory': {}, 'cpu': {}, 'pids': {}, 'blockIO': {}, 'devices': null, 'network': {}, 'rdma': {}, 'unified': {}}", &l);
	cr_expect_eq(l.memory, LIMIT_UNSET);
	cr_expect_eq(l.cpu_period_us, LIMIT_UNSET);
	cr_expect_eq(l.cpu_idle, LIMIT_UNSET);
	cr_expect_eq(l.cpu_burst_us, LIMIT_UNSET);
	cr_expect_eq(l.swappiness, LIMIT_UNSET);
	cr_expect_eq(l.pids, LIMIT_UNSET);
	cr_expect_eq(l.net_class, LIMIT_UNSET);
	cr_expect_eq(l.cpu_weight, LIMIT_UNSET);
	cr_expect_eq(l.device_rule_count + l.io_count + l.hugepage_count, 0u);
	limits_release(&l);
}

Test(oci_resources, zeros_say_nothing)
{
	struct limits l;

	good("{'memory': {'limit': 0, 'reservation': 0, 'swap': 0, 'kernel': 0, 'kernelTCP': 0}, 'pids': {'limit': 0},"
	     "'cpu': {'shares': 0, 'quota': 0, 'period': 0, 'realtimeRuntime': 0, 'realtimePeriod': 0, 'cpus': '', 'mems': ''},"
	     "'blockIO': {'weight': 0, 'leafWeight': 0}}",
	     &l);
	cr_expect_eq(l.memory, LIMIT_UNSET);
	cr_expect_eq(l.memory_reservation, LIMIT_UNSET);
	cr_expect_eq(l.memory_and_swap, LIMIT_UNSET);
	cr_expect_eq(l.pids, LIMIT_UNSET);
	cr_expect_eq(l.cpu_shares, LIMIT_UNSET);
	cr_expect_eq(l.cpu_quota_us, LIMIT_UNSET);
	cr_expect_eq(l.cpu_period_us, LIMIT_UNSET);
	cr_expect_eq(l.cpu_rt_runtime_us, LIMIT_UNSET);
	cr_expect_eq(l.blkio_weight, LIMIT_UNSET);
	cr_expect_null(l.cpuset);
	cr_expect_null(l.cpuset_mems);
	limits_release(&l);
}

Test(oci_resources, zeros_that_say_something)
{
	struct limits l;

	good("{'cpu': {'burst': 0, 'idle': 0}, 'memory': {'swappiness': 0}}", &l);
	cr_expect_eq(l.cpu_burst_us, 0);
	cr_expect_eq(l.cpu_idle, 0);
	cr_expect_eq(l.swappiness, 0);
	limits_release(&l);
}

Test(oci_resources, memory)
{
	struct limits l;

	good("{'memory': {'limit': 536870912, 'reservation': 268435456, 'swap': 536870912, 'swappiness': 100, 'disableOOMKiller': true,"
	     "'useHierarchy': true, 'checkBeforeUpdate': true, 'kernel': -1, 'kernelTCP': -1}}",
	     &l);
	cr_expect_eq(l.memory, 536870912);
	cr_expect_eq(l.memory_reservation, 268435456);
	cr_expect_eq(l.memory_and_swap, 536870912);
	cr_expect_eq(l.swap, LIMIT_UNSET);
	cr_expect_eq(l.swappiness, 100);
	cr_expect_eq(l.oom_kill_disabled, 1);
	cr_expect(l.memory_checked_first);
	limits_release(&l);
	good("{'memory': {'limit': -1, 'swap': -1, 'reservation': -1}}", &l);
	cr_expect_eq(l.memory, LIMIT_NONE);
	cr_expect_eq(l.memory_and_swap, LIMIT_NONE);
	cr_expect_eq(l.memory_reservation, LIMIT_NONE);
	limits_release(&l);
}

Test(oci_resources, cpu)
{
	struct limits l;

	good("{'cpu': {'shares': 1024, 'quota': 1000000, 'burst': 1000, 'period': 500000, 'realtimeRuntime': 950000, 'realtimePeriod': 1000000,"
	     "'cpus': '2-3', 'mems': '0-7', 'idle': 1}}",
	     &l);
	cr_expect_eq(l.cpu_shares, 1024);
	cr_expect_eq(l.cpu_quota_us, 1000000);
	cr_expect_eq(l.cpu_burst_us, 1000);
	cr_expect_eq(l.cpu_period_us, 500000);
	cr_expect_eq(l.cpu_rt_runtime_us, 950000);
	cr_expect_eq(l.cpu_rt_period_us, 1000000);
	cr_expect_str_eq(l.cpuset, "2-3");
	cr_expect_str_eq(l.cpuset_mems, "0-7");
	cr_expect_eq(l.cpu_idle, 1);
	limits_release(&l);
}

Test(oci_resources, shares_are_moved_into_range)
{
	struct limits l;

	good("{'cpu': {'shares': 1, 'quota': -1}}", &l);
	cr_expect_eq(l.cpu_shares, 2);
	cr_expect_eq(l.cpu_quota_us, LIMIT_NONE);
	limits_release(&l);
	good("{'cpu': {'shares': 1000000}}", &l);
	cr_expect_eq(l.cpu_shares, 262144);
	limits_release(&l);
}

Test(oci_resources, pids)
{
	struct limits l;

	good("{'pids': {'limit': 32771}}", &l);
	cr_expect_eq(l.pids, 32771);
	cr_expect_not(l.pids_is_default);
	limits_release(&l);
	good("{'pids': {'limit': -1}}", &l);
	cr_expect_eq(l.pids, LIMIT_NONE);
	limits_release(&l);
}

Test(oci_resources, block_io)
{
	struct limits l;

	good("{'blockIO': {'weight': 10, 'leafWeight': 1000,"
	     "'weightDevice': [{'major': 8, 'minor': 0, 'weight': 500, 'leafWeight': 300}, {'major': 8, 'minor': 16, 'weight': 0}],"
	     "'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 600}],"
	     "'throttleWriteBpsDevice': [{'major': 8, 'minor': 16, 'rate': 9223372036854775807}],"
	     "'throttleReadIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 0}],"
	     "'throttleWriteIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 300}, {'major': 259, 'minor': 5}]}}",
	     &l);
	cr_expect_eq(l.blkio_weight, 10);
	cr_expect_eq(l.blkio_leaf_weight, 1000);
	cr_assert_eq(l.io_weight_count, 2u);
	cr_expect_eq(l.io_weights[0].leaf_weight, 300);
	cr_expect_eq(l.io_weights[1].weight, LIMIT_UNSET);
	cr_assert_eq(l.io_count, 3u, "one entry per device");
	cr_expect_eq(l.io[0].read_bps, 600);
	cr_expect_eq(l.io[0].write_bps, LIMIT_UNSET);
	cr_expect_eq(l.io[0].read_iops, LIMIT_NONE);
	cr_expect_eq(l.io[0].write_iops, 300);
	cr_expect_eq(l.io[1].minor, 16u);
	cr_expect_eq(l.io[1].write_bps, INT64_MAX);
	cr_expect_eq(l.io[2].write_iops, LIMIT_UNSET);
	cr_expect_null(l.io[0].device);
	limits_release(&l);
}

Test(oci_resources, hugepages)
{
	struct limits l;

	good("{'hugepageLimits': [{'pageSize': '2MB', 'limit': 9223372036854772000}, {'pageSize': '1GB', 'limit': 18446744073709551615},"
	     "{'pageSize': '64KB', 'limit': 0}, {'pageSize': '16GB', 'limit': 9223372036854775808}]}",
	     &l);
	cr_assert_eq(l.hugepage_count, 4u);
	cr_expect_eq(l.hugepages[0].bytes, 9223372036854772000);
	cr_expect_str_eq(l.hugepages[1].page_size, "1GB");
	cr_expect_eq(l.hugepages[1].bytes, LIMIT_NONE);
	cr_expect_eq(l.hugepages[2].bytes, 0);
	cr_expect_eq(l.hugepages[3].bytes, LIMIT_NONE);
	limits_release(&l);
}

Test(oci_resources, network_and_rdma)
{
	struct limits l;

	good("{'network': {'classID': 1048577, 'priorities': [{'name': 'eth0', 'priority': 500}, {'name': 'eth1', 'priority': 1000}]},"
	     "'rdma': {'mlx5_1': {'hcaHandles': 3, 'hcaObjects': 10000}, 'mlx4_0': {'hcaObjects': 1000}, 'rxe3': {'hcaHandles': 0}}}",
	     &l);
	cr_expect_eq(l.net_class, 1048577);
	cr_assert_eq(l.net_priorities.count, 2u);
	cr_expect_str_eq(l.net_priorities.items[1], "eth1 1000");
	cr_assert_eq(l.rdma.count, 3u);
	cr_expect_str_eq(l.rdma.items[0], "mlx5_1 hca_handle=3 hca_object=10000");
	cr_expect_str_eq(l.rdma.items[1], "mlx4_0 hca_object=1000");
	cr_expect_str_eq(l.rdma.items[2], "rxe3 hca_handle=0");
	limits_release(&l);
}

Test(oci_resources, unified)
{
	struct limits l;

	good("{'unified': {'memory.high': '1073741824', 'io.max': '259:0 rbps=2097152 wiops=120\\n253:0 rbps=1', 'hugetlb.1GB.max': '0'}}", &l);
	cr_assert_eq(l.unified.count, 3u);
	cr_expect_str_eq(l.unified.items[0], "memory.high=1073741824");
	cr_expect_str_eq(list_env_get(&l.unified, "io.max"), "259:0 rbps=2097152 wiops=120\n253:0 rbps=1");
	limits_release(&l);
}

Test(oci_resources, device_rules)
{
	struct limits l;

	good("{'devices': [{'allow': false}, {'allow': true, 'type': 'c', 'major': 10, 'minor': 229, 'access': 'wr'},"
	     "{'allow': true, 'type': 'b', 'major': -1, 'access': 'm'}, {'allow': true, 'type': 'a', 'access': 'rwm'}]}",
	     &l);
	cr_assert_eq(l.device_rule_count, 4u);
	cr_expect_eq(l.device_rules[0].type, 'a');
	cr_expect_str_eq(l.device_rules[0].access, "rwm");
	cr_expect_eq(l.device_rules[1].major, 10);
	cr_expect_eq(l.device_rules[1].minor, 229);
	cr_expect_str_eq(l.device_rules[1].access, "rw");
	cr_expect_eq(l.device_rules[2].major, -1);
	cr_expect_eq(l.device_rules[2].type, 'b');
	cr_expect(l.device_rules[3].is_allowed);
	limits_release(&l);
}

Test(oci_resources, failure_leaves_untouched)
{
	struct limits l = { .pids = 77 };
	struct error e = { 0 };

	cr_expect_eq(oci_sample_resources("{'cpu': {'cpus': '0'},\n'pids': {'limit': 'x'}}", &l, &e), -1);
	cr_expect_str_eq(e.text, "resources.json:2: pids.limit: expected a whole number, at least -1, found \"x\"");
	cr_expect_eq(l.pids, 77);
}
