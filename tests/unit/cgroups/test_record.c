/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_record.c - names that are refused, records there and back, and a group that is nothing.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cgroups/group.h"
#include "specs/limits.h"

Test(record, paths)
{
	static const char *const bad[] = { "", "/", "a", "box/a", "/..", "/.", "/a/../b", "/a/./b", "/a//b", "/a/", "//a", "/a\nb", "/a\x7f",
					   "/a/.." };
	static const char *const good[] = { "/a", "/box/web-1_x.y", "/docker/0123", "/kubepods/burstable/pod1/x", "/a/...", "/a b/.c",
					    "/system.slice:x:y" };
	char longest[2100];
	struct error e = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_assert_eq(group_check_path(bad[i], &e), -1, "\"%s\"", bad[i]);
		cr_assert_eq(e.kind, ERROR_USAGE);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_assert_eq(group_check_path(good[i], &e), 0, "\"%s\"", good[i]);
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[256] = '\0';
	cr_assert_eq(group_check_path(longest, &e), 0);
	longest[256] = 'a';
	longest[257] = '\0';
	cr_assert_eq(group_check_path(longest, &e), -1, "one name is too long");
	longest[257] = 'a';
	for (size_t i = 0; i < sizeof longest; i += 100)
		longest[i] = '/';
	longest[2049] = '\0';
	cr_assert_eq(group_check_path(longest, &e), -1, "all of it is too long");
	longest[2048] = '\0';
	cr_assert_eq(group_check_path(longest, &e), 0);
}

Test(record, there_and_back)
{
	static const char record[] = "cgroup 3 /box/web\nv1 1 memory memory /nowhere/mem ory\nv1 12 cpu,cpuacct cpu,cpuacct "
				     "/nowhere/cpu\nv2 192 - - /nowhere/u\n";
	struct cgroup *group = NULL;
	struct text again = { 0 };
	struct error e = { 0 };
	const struct cgroup_mount *mounts;

	cr_assert_eq(cgroup_open(record, &group, &e), 0, "%s", e.text);
	cgroup_record(group, &again);
	cr_assert_str_eq(again.data, record);
	mounts = cgroup_mounts(group);
	cr_assert_str_eq(mounts[0].type, "cgroup");
	cr_assert_str_eq(mounts[1].folder, "cpu,cpuacct");
	cr_assert_str_eq(mounts[1].option, "cpu,cpuacct");
	cr_assert_null(mounts[2].type, "a v2 tree beside v1 is not shown");
	cr_assert_eq(cgroup_clone_fd(group), -1, "the folder is not there");
	cr_assert_eq(cgroup_remove(group, &e), 0, "missing is fine");
	cr_assert(cgroup_is_empty(group));
	cr_assert_eq(cgroup_enter(group, false, &e), -1);
	cr_assert_str_eq(e.text, "enter cgroup /nowhere/mem ory/box/web: it is gone");
	text_release(&again);
	cgroup_free(group);
}

Test(record, of_an_oci_container)
{
	static const char record[] = "oci-cgroup 1 /docker/a b\nv1 16384 name=systemd systemd /nowhere/systemd\n";
	struct cgroup *group = NULL;
	struct text again = { 0 };
	struct error e = { 0 };

	cr_assert_eq(cgroup_open(record, &group, &e), 0, "%s", e.text);
	cgroup_record(group, &again);
	cr_assert_str_eq(again.data, record);
	cr_assert_str_eq(cgroup_path(group), "/docker/a b");
	cr_assert_str_eq(cgroup_mounts(group)[0].option, "name=systemd");
	text_release(&again);
	cgroup_free(group);
}

Test(record, broken)
{
	static const char *const bad[] = {
		"",
		"cgroup",
		"cgroup 1 /box/web",
		"cgroup 9 /box/web\n",
		"cgroup x /box/web\n",
		"cgroup 1 /../x\n",
		"cgroup 1 web\n",
		"oci-",
		"oci-cgroup 1\n",
		"cgroup 1 /a//b\n",
		"cgroup 1 \n",
		"cgroup 1 /box/web\nv1 1 memory memory relative\n",
		"cgroup 1 /box/web\nv3 1 memory memory /x\n",
		"cgroup 1 /box/web\nv1 32768 memory memory /x\n",
		"cgroup 1 /box/web\nv1 1 memory memory /x/../y\n",
		"cgroup 1 /box/web\nv1 1 memory\n",
		"cgroup 1 /box/web\n\n",
		"cgroup 1 /box/web\nv1 1 memory memory /x/..\n",
		"cgroup 1 /box/web\nv1 -1 memory memory /x\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cgroup *group = NULL;
		struct error e = { 0 };

		cr_assert_eq(cgroup_open(bad[i], &group, &e), -1, "record %zu", i);
		cr_assert_null(group);
	}
}

Test(record, nothing_does_nothing)
{
	struct cgroup *group = NULL;
	struct cgroup_stats stats;
	struct error e = { 0 };
	size_t count = 1;
	int *pids;

	cr_assert_eq(cgroup_open("cgroup 0 /box/web\n", &group, &e), 0);
	cr_assert_eq(cgroup_enter(group, false, &e), 0);
	cr_assert_eq(cgroup_kill(group, 9, &e), 0);
	cr_assert_eq(cgroup_freeze(group, true, &e), 0);
	cr_assert_not(cgroup_is_frozen(group));
	cr_assert_eq(cgroup_pids(group, &pids, &count, &e), 0);
	cr_assert_eq(count, 0);
	cr_assert_null(pids);
	cr_assert_eq(cgroup_stats(group, &stats, &e), 0);
	cr_assert_eq(stats.memory_current, LIMIT_UNSET);
	cr_assert_eq(stats.io_writes, LIMIT_UNSET);
	cr_assert_eq(cgroup_devices(group, NULL, 0, &e), 0);
	cr_assert_eq(cgroup_remove(group, &e), 0);
	cr_assert_null(cgroup_mounts(group)[0].type);
	cgroup_free(group);
}
