/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kill.c - real groups: freeze, kill and remove, against processes that fork, sleep and stay.
 */
#include <sys/prctl.h>

#include "tests/unit/cgroups/live.h"

Test(kill, freeze_and_thaw, .fini = end)
{
	struct error e = { 0 };
	int pidfd, pipes[2];
	char byte;
	struct timespec pause_of = { .tv_nsec = 1000000 };

	begin("freezer");
	create();
	cr_assert_eq(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	if (enter(&pidfd) == 0)
		for (;;) {
			(void)!write(pipes[1], "x", 1);
			(void)nanosleep(&pause_of, NULL);
		}
	usleep(20000);
	cr_assert_not(cgroup_is_frozen(group));
	cr_assert_eq(cgroup_freeze(group, true, &e), 0, "%s", e.text);
	cr_assert(cgroup_is_frozen(group));
	while (read(pipes[0], &byte, 1) == 1)
		continue;
	byte = 0;
	usleep(50000);
	cr_assert_eq(read(pipes[0], &byte, 1), -1, "a frozen process does nothing");
	cr_assert_eq(cgroup_freeze(group, false, &e), 0, "%s", e.text);
	cr_assert_not(cgroup_is_frozen(group));
	for (int i = 0; i < 5000 && read(pipes[0], &byte, 1) != 1; i++)
		usleep(1000);
	cr_assert_eq(byte, 'x', "a thawed one goes on");
	cr_assert_eq(cgroup_freeze(group, true, &e), 0, "%s", e.text);
	cr_assert_eq(cgroup_kill(group, SIGKILL, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL, "a frozen one dies");
}

/* A process that is always another one: each lives only until its child runs. A list of pids is stale when it is read. */
static _Noreturn void fork_forever(void)
{
	for (;;)
		if (fork() > 0)
			_exit(0);
}

Test(kill, kill_wins_against_forks, .fini = end, .timeout = 30)
{
	struct error e = { 0 };
	int pidfd;

	begin(NULL);
	limits.pids = list_has(&host.controllers, "pids") ? 64 : LIMIT_UNSET;
	create();
	if (enter(&pidfd) == 0) {
		/* Whoever dies is reaped at once: zombies count against the pids limit, and would end the forking. */
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		(void)signal(SIGCHLD, SIG_IGN);
		for (int i = 0; i < 8; i++)
			if (fork() == 0)
				fork_forever();
		pause();
		_exit(0);
	}
	for (int i = 0; i < 5000 && count_pids() < 2; i++)
		usleep(1000);
	cr_assert_gt(count_pids(), 1);
	cr_assert_eq(cgroup_kill(group, SIGKILL, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
	cr_assert(wait_empty(), "%zu are left", count_pids());
}

Test(kill, term_reaches_everybody, .fini = end)
{
	struct error e = { 0 };
	int fds[3];

	begin(NULL);
	create();
	(void)signal(SIGTERM, SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (enter(&fds[i]) == 0) {
			pause();
			_exit(0);
		}
	cr_assert_eq(cgroup_kill(group, SIGTERM, &e), 0, "%s", e.text);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(reap(fds[i]).signal, SIGTERM);
}

Test(kill, remove_kills_what_is_left, .fini = end)
{
	struct error e = { 0 };
	int pidfd;

	begin(NULL);
	create();
	if (enter(&pidfd) == 0) {
		pause();
		_exit(0);
	}
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
	cr_assert_eq(cgroup_remove(group, &e), 0, "twice is fine: %s", e.text);
}

Test(kill, remove_takes_groups_below, .fini = end)
{
	struct error e = { 0 };

	begin(NULL);
	create();
	for (size_t i = 0; i < group->count; i++) {
		cr_assert_eq(mkdirat(group->branches[i].folder, "a", 0755), 0, "%m");
		cr_assert_eq(mkdirat(group->branches[i].folder, "a/b", 0755), 0, "%m");
	}
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	cr_assert_not(exists_anywhere());
}

Test(kill, remove_by_name_alone, .fini = end)
{
	struct error e = { 0 };
	int pidfd;

	begin(NULL);
	cr_assert_eq(cgroup_remove_path(group_at, &e), 0, "missing is fine: %s", e.text);
	create();
	if (enter(&pidfd) == 0) {
		pause();
		_exit(0);
	}
	cr_assert_eq(cgroup_remove_path(group_at, &e), 0, "%s", e.text);
	cr_assert_eq(reap(pidfd).signal, SIGKILL);
	cr_assert_not(exists_anywhere());
	cr_assert_eq(cgroup_remove_path("/box/../x", &e), -1);
	cr_assert_eq(e.kind, ERROR_USAGE);
}
