/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_unit_properties.c - limits and device rules as properties of a unit.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cgroups/scope/property.h"
#include "cgroups/unit_properties.h"
#include "specs/limits.h"

/* All of them in one line, and each as box-scope can read it. */
static void expect(struct list *list, const char *wanted)
{
	struct text all = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		struct property property = { 0 };
		struct error e = { 0 };

		text_addf(&all, "%s%s", i ? "; " : "", list->items[i]);
		cr_assert_eq(property_parse(list->items[i], &property, &e), 0, "%s", e.text);
		property_release(&property);
	}
	cr_assert_str_eq(all.data ? all.data : "", wanted);
	text_release(&all);
	list_release(list);
}

static void expect_limits(const struct limits *limits, bool is_v2, const char *wanted)
{
	struct list list = { 0 };

	unit_limits(limits, is_v2, &list);
	expect(&list, wanted);
}

Test(unit_properties, nothing_said_is_nothing)
{
	struct limits limits;

	limits_init(&limits);
	expect_limits(&limits, true, "");
	expect_limits(&limits, false, "");
}

Test(unit_properties, memory)
{
	struct limits limits;

	limits_init(&limits);
	limits.memory = 67108864;
	limits.memory_reservation = 1000;
	limits.memory_and_swap = 67108864 + 4096;
	expect_limits(&limits, true, "MemoryMax=uint64 67108864; MemoryLow=uint64 1000; MemorySwapMax=uint64 4096");
	expect_limits(&limits, false, "MemoryLimit=uint64 67108864");
	limits.memory = limits.memory_and_swap = limits.memory_reservation = LIMIT_NONE;
	expect_limits(&limits, true,
		      "MemoryMax=uint64 18446744073709551615; MemoryLow=uint64 0; MemorySwapMax=uint64 18446744073709551615");
}

Test(unit_properties, no_swap_beside_memory)
{
	struct limits limits;

	limits_init(&limits);
	limits.memory = limits.memory_and_swap = 4096;
	expect_limits(&limits, true, "MemoryMax=uint64 4096; MemorySwapMax=uint64 0");
	limits.memory_and_swap = LIMIT_UNSET;
	limits.swap = 8192;
	expect_limits(&limits, true, "MemoryMax=uint64 4096; MemorySwapMax=uint64 8192");
}

Test(unit_properties, cpu)
{
	struct limits limits;

	limits_init(&limits);
	limits.cpu_quota_us = 50000;
	limits.cpu_shares = 1024;
	expect_limits(&limits, true, "CPUWeight=uint64 39; CPUQuotaPeriodUSec=uint64 100000; CPUQuotaPerSecUSec=uint64 500000");
	expect_limits(&limits, false, "CPUShares=uint64 1024; CPUQuotaPeriodUSec=uint64 100000; CPUQuotaPerSecUSec=uint64 500000");
	limits.cpu_idle = 1;
	limits.cpu_quota_us = LIMIT_NONE;
	limits.cpu_period_us = 50000;
	expect_limits(&limits, true,
		      "CPUWeight=uint64 0; CPUQuotaPeriodUSec=uint64 50000; CPUQuotaPerSecUSec=uint64 18446744073709551615");
}

Test(unit_properties, a_quota_is_rounded_up_to_a_percent)
{
	struct limits limits;

	limits_init(&limits);
	limits.cpu_quota_us = 12345;
	limits.cpu_period_us = 100000;
	expect_limits(&limits, true, "CPUQuotaPeriodUSec=uint64 100000; CPUQuotaPerSecUSec=uint64 130000");
}

Test(unit_properties, processes_cpus_and_disks)
{
	struct limits limits;

	limits_init(&limits);
	limits.pids = 9;
	limits.cpuset = (char *)"0-2,9";
	limits.cpuset_mems = (char *)"0";
	limits.blkio_weight = 1000;
	expect_limits(&limits, true,
		      "TasksMax=uint64 9; AllowedCPUs=[byte 0x07, byte 0x02]; AllowedMemoryNodes=[byte 0x01]; IOWeight=uint64 10000");
	limits.pids = LIMIT_NONE;
	limits.cpuset = limits.cpuset_mems = NULL;
	expect_limits(&limits, false, "TasksMax=uint64 18446744073709551615; BlockIOWeight=uint64 1000");
}

Test(unit_properties, a_broken_list_of_cpus_is_left_to_the_kernel)
{
	static const char *const broken[] = { "a", "1-", "-1", "3-1", "1,,2", "99999", "1 2" };

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct limits limits;

		limits_init(&limits);
		limits.cpuset = (char *)broken[i];
		expect_limits(&limits, true, "");
	}
}

Test(unit_properties, files_of_v2_that_systemd_knows)
{
	static const char *const files[] = { "memory.high=4096", "cpu.max=50000 100000", "cpu.max=max", "pids.max=max", "memory.oom.group=1",
					     "cpuset.cpus=1", "cpu.weight=5", "memory.max=x" };
	struct limits limits;

	limits_init(&limits);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		list_add(&limits.unified, files[i]);
	expect_limits(&limits, false, "");
	expect_limits(&limits, true,
		      "MemoryHigh=uint64 4096; CPUQuotaPeriodUSec=uint64 100000; CPUQuotaPerSecUSec=uint64 500000; "
		      "CPUQuotaPeriodUSec=uint64 100000; CPUQuotaPerSecUSec=uint64 18446744073709551615; "
		      "TasksMax=uint64 18446744073709551615; AllowedCPUs=[byte 0x02]; CPUWeight=uint64 5");
	list_release(&limits.unified);
}

Test(unit_properties, device_rules)
{
	static const struct device_rule rules[] = {
		{ false, 'a', -1, -1, "rwm" }, { true, 'c', -1, -1, "m" }, { true, 'c', 1, 3, "rwm" }, { true, 'b', 8, -1, "r" },
	};
	struct list list = { 0 };

	unit_devices(rules, 4, &list);
	expect(&list, "DevicePolicy='closed'; DeviceAllow=@a(ss) []; "
		      "DeviceAllow=[('char-*', 'm'), ('/dev/char/1:3', 'rwm'), ('block-8', 'r')]");
	unit_devices(NULL, 0, &list);
	expect(&list, "DevicePolicy='closed'; DeviceAllow=@a(ss) []");
}

Test(unit_properties, all_devices_but_some)
{
	static const struct device_rule rules[] = { { true, 'a', -1, -1, "rwm" }, { false, 'c', 1, 3, "rwm" } };
	struct list list = { 0 };

	unit_devices(rules, 2, &list);
	expect(&list, "DevicePolicy='auto'; DeviceAllow=@a(ss) []");
}

Test(unit_properties, a_text_is_quoted)
{
	struct list list = { 0 };

	unit_text(&list, "Description", "it's \\ here");
	expect(&list, "Description='it\\'s \\\\ here'");
}
