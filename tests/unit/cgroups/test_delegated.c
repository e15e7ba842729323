/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_delegated.c - groups of an ordinary user: in a delegated v2 group, and the words where there is none.
 *
 * Root makes the delegated group, as a system manager does, and a child becomes user 65534 in it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cgroups/group.h"
#include "specs/limits.h"

enum { SOMEBODY = 65534 };

static char delegated[128]; /* "" where a test needs none */

static void fail(const char *what, const struct error *e)
{
	(void)fprintf(stderr, "%s: %s (%s)\n", what, e->text, e->hint);
	_exit(1);
}

static void become_somebody(void)
{
	if (setgid(SOMEBODY) || setuid(SOMEBODY))
		_exit(90);
}

static void begin(bool needs_v2)
{
	struct layout layout = { 0 };
	struct error e = { 0 };

	if (geteuid())
		cr_skip_test("needs root to make a delegated group");
	cr_assert_eq(layout_find(&layout, &e), 0, "%s", e.text);
	if (needs_v2 && (layout.version != CGROUP_V2 || !layout.count))
		cr_skip_test("needs a pure cgroup v2 host; this one has %s", version_words(layout.version));
	if (needs_v2)
		(void)snprintf(delegated, sizeof delegated, "%s/box-unit-delegated-%d", layout.trees[0].root,
			       (int)getpid());
	layout_release(&layout);
}

/* Makes the group, gives it to SOMEBODY, and puts this process there. */
static void delegate(void)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.subtree_control" };
	int fd;

	if (mkdir(delegated, 0755) || (fd = open(delegated, O_PATH | O_CLOEXEC)) < 0)
		_exit(91);
	for (size_t i = 0; i < 3; i++)
		if (fchownat(fd, files[i], SOMEBODY, SOMEBODY, 0))
			_exit(92);
	if (file_poke(fd, "cgroup.procs", "0"))
		_exit(93);
}

static int run(void (*body)(void))
{
	pid_t pid = fork();
	int status = -1;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		body();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (delegated[0]) {
		char *leaf = text_format("%s/" GROUP_CALLER, delegated);

		(void)rmdir(leaf); /* made only where box moved itself */
		cr_expect_eq(rmdir(delegated), 0, "remove %s: %m", delegated);
		free(leaf);
	}
	return status;
}

static struct limits some_limits(void)
{
	struct limits limits;

	limits_init(&limits);
	limits.memory = 32 << 20;
	limits.pids = 8;
	return limits;
}

/* A process of SOMEBODY makes its group, a child enters it by clone3, another by itself; all is removed. */
static void alone(void)
{
	struct limits limits = some_limits();
	const struct cgroup_request request = { .path = "/box/unit", .limits = &limits };
	struct cgroup *group = NULL;
	struct cgroup_stats stats;
	struct error e = { 0 };
	struct text own = { 0 };

	delegate();
	become_somebody();
	if (cgroup_create(&request, &group, &e))
		fail("create", &e);
	if (cgroup_stats(group, &stats, &e) || stats.memory_max != 32 << 20 || stats.pids_max != 8)
		fail("the limits are not there", &e);
	if (file_read(AT_FDCWD, "/proc/self/cgroup", 4096, &own, &e) || !strstr(own.data, "/" GROUP_CALLER "\n"))
		fail("box did not move to its leaf", &e);
	for (int by_clone = 0; by_clone < 2; by_clone++) {
		struct process_clone clone = { .cgroup = by_clone ? cgroup_clone_fd(group) : -1 };
		struct process_end end = { 0 };
		int pidfd = -1;
		pid_t pid = process_clone(&clone, &pidfd, &e);
		int *pids = NULL;
		size_t count = 0;

		if (pid < 0)
			fail("clone", &e);
		if (pid == 0)
			_exit(cgroup_enter(group, by_clone, &e) == 0 && cgroup_pids(group, &pids, &count, &e) == 0 &&
					      count == 1
				      ? 5
				      : 6);
		if (process_wait(pidfd, &end, &e) || end.code != 5)
			fail("enter", &e);
		close(pidfd);
	}
	if (cgroup_remove(group, &e))
		fail("remove", &e);
	cgroup_free(group);
	/* A second one, from the leaf. */
	if (cgroup_create(&request, &group, &e) || cgroup_remove(group, &e))
		fail("again", &e);
	cgroup_free(group);
	text_release(&own);
}

Test(delegated, a_process_alone_in_its_group_moves_to_a_leaf)
{
	begin(true);
	cr_assert_eq(run(alone), 0);
}

static void with_company(void)
{
	struct limits limits = some_limits();
	const struct cgroup_request request = { .path = "/box/unit", .limits = &limits };
	struct cgroup_host host = { 0 };
	struct cgroup *group = NULL;
	struct error e = { 0 };
	pid_t other;

	delegate();
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	become_somebody();
	if (cgroup_host_find(&host, &e) || host.version != CGROUP_NONE || !host.reason ||
	    !strstr(host.reason, "1 other process runs in"))
		fail(host.reason ? host.reason : "no reason", &e);
	if (cgroup_create(&request, &group, &e) != -1 || strcmp(e.field, "resources.limits.memory") != 0)
		fail("created beside others", &e);
	if (!strstr(e.hint, "systemd-run --user --scope -p Delegate=yes"))
		fail("the fix is not told", &e);
	limits.memory = LIMIT_UNSET;
	limits.pids_is_default = true;
	if (cgroup_create(&request, &group, &e) || cgroup_clone_fd(group) != -1)
		fail("without written limits it goes on without a group", &e);
	cgroup_free(group);
	cgroup_host_release(&host);
	/* SOMEBODY may not signal root's process: the test's own death ends it. */
}

static void with_company_cleaned(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		with_company();
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	{
		int fd = open(delegated, O_PATH | O_CLOEXEC);

		(void)file_poke(fd, "cgroup.kill", "1");
		for (int i = 0; i < 1000 && rmdir(delegated); i++)
			usleep(1000);
		(void)mkdir(delegated, 0755);
	}
	_exit(status == 0 ? 0 : 1);
}

Test(delegated, company_is_not_moved)
{
	begin(true);
	cr_assert_eq(run(with_company_cleaned), 0);
}

static void not_delegated(void)
{
	struct cgroup_host host = { 0 };
	struct error e = { 0 };

	become_somebody();
	if (cgroup_host_find(&host, &e))
		fail("find", &e);
	if (host.version != CGROUP_NONE || host.controllers.count || !host.reason)
		fail("an ordinary user has groups", &e);
	if (!strstr(host.reason, "systemd-run --user") && !strstr(host.reason, "run box as root") &&
	    !strstr(host.reason, "mount"))
		fail(host.reason, &e);
	cgroup_host_release(&host);
}

Test(delegated, nothing_without_delegation)
{
	begin(false);
	cr_assert_eq(run(not_delegated), 0);
}
