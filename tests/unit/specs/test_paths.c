/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_paths.c - one form for each place in a container.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "specs/paths.h"

Test(paths, one_form)
{
	static const char *const cases[][2] = {
		{ "/", "/" },          { "//", "/" },         { "/.", "/" },         { "/a", "/a" },         { "/a/", "/a" },
		{ "//a///b//", "/a/b" }, { "/./proc", "/proc" }, { "/a/./b/.", "/a/b" }, { "/a/.b", "/a/.b" }, { "/...", "/..." },
		{ "/a..", "/a.." },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[32];

		memcpy(path, cases[i][0], strlen(cases[i][0]) + 1);
		cr_expect(path_clean(path), "%s", cases[i][0]);
		cr_expect_str_eq(path, cases[i][1], "%s became %s", cases[i][0], path);
	}
}

Test(paths, no_place)
{
	static const char *const cases[] = { "", "a", "./a", "..", "/..", "/a/..", "/a/../b", "/../etc", "~" };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[32];

		memcpy(path, cases[i], strlen(cases[i]) + 1);
		cr_expect_not(path_clean(path), "%s", cases[i]);
		cr_expect_str_eq(path, cases[i], "untouched");
	}
}

Test(paths, below)
{
	cr_expect(path_is_below("/a/b", "/a"));
	cr_expect(path_is_below("/a", "/a"));
	cr_expect(path_is_below("/a", "/"));
	cr_expect_not(path_is_below("/ab", "/a"));
	cr_expect_not(path_is_below("/", "/a"));
}

Test(paths, own)
{
	static const char *const own[] = { "/", "/proc", "/proc/sys", "/sys", "/sys/fs/cgroup", "/dev", "/dev/null", "/dev/shm" };
	static const char *const free_ones[] = { "/dev/shm/x", "/process", "/system", "/devices", "/run", "/tmp", "/etc/hosts" };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		cr_expect(path_is_own(own[i]), "%s", own[i]);
	for (size_t i = 0; i < sizeof free_ones / sizeof *free_ones; i++)
		cr_expect_not(path_is_own(free_ones[i]), "%s", free_ones[i]);
}
