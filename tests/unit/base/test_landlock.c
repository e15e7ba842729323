/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_landlock.c - a fence lets through what it allows, and nothing else that it rules.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/landlock.h"
#include "tests/unit/base/scratch.h"

static bool can_open(int scratch, const char *path, int flags)
{
	int fd = openat(scratch, path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EACCES)
		_exit(99);
	return fd >= 0;
}

/* The number of what was wrong; in a process of its own, since a fence stays. */
static int behind_fence(int scratch, const struct landlock_rules *rules, uint64_t allowed)
{
	int set = landlock_make(rules), open_folder = openat(scratch, "open", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (set < 0 || open_folder < 0 || landlock_allow(set, open_folder, allowed))
		return 1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_enter(set))
		return 6;
	if (!can_open(scratch, "open/file", O_RDONLY))
		return 2;
	if (can_open(scratch, "open/file", O_WRONLY))
		return 3;
	if (can_open(scratch, "open/new", O_WRONLY | O_CREAT))
		return 4;
	if (can_open(scratch, "shut/file", O_RDONLY))
		return 5;
	return 0;
}

static int in_process(int scratch, const struct landlock_rules *rules, uint64_t allowed)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(behind_fence(scratch, rules, allowed));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(landlock, what_is_ruled_is_closed_but_for_what_is_allowed)
{
	SCRATCH();
	struct landlock_rules rules, few;

	if (!landlock_find(&rules))
		cr_skip("this kernel has none");
	cr_assert_eq(mkdir("open", 0700), 0);
	cr_assert_eq(mkdir("shut", 0700), 0);
	put("open/file", "x");
	put("shut/file", "x");
	cr_expect_eq(in_process(scratch, &rules, LANDLOCK_ACCESS_FS_READ_FILE), 0);
	/* A right that the set does not rule cannot be allowed in it, and is not taken away by it. */
	few = (struct landlock_rules){ .files = rules.files & ~(uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE };
	cr_expect_eq(in_process(scratch, &few, LANDLOCK_ACCESS_FS_WRITE_FILE), 1);
	cr_expect_eq(in_process(scratch, &few, LANDLOCK_ACCESS_FS_READ_FILE), 3);
}

Test(landlock, what_is_found_is_what_this_version_takes)
{
	struct landlock_rules rules;
	bool has_some = landlock_find(&rules);

	cr_expect_eq(has_some, landlock_version() >= 2);
	cr_expect_eq(rules.files != 0, has_some);
	cr_expect_eq(rules.tcp != 0, landlock_version() >= 4);
	if (has_some)
		cr_expect_geq(landlock_make(&rules), 0, "%m");
}
