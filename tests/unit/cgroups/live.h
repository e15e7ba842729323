/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - real groups with real processes, on whatever this host has: v1, v2 or both.
 *
 * A test calls begin() (which skips, with the reason, where box cannot make groups or lacks the controller), may change limits,
 * then create() and enter(); end() is its .fini.
 */
#pragma once

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cgroups/group.h"
#include "specs/limits.h"

static struct limits limits;
static struct cgroup_host host;
static struct cgroup *group;
static bool joins_all;
static char name[64], group_at[80];

static inline void name_group(void)
{
	(void)snprintf(name, sizeof name, "box-unit-%d", (int)getpid());
	(void)snprintf(group_at, sizeof group_at, "/box/%s", name);
}

static inline int make(struct cgroup **ret, struct error *e)
{
	const struct cgroup_request request = { .path = group_at, .joins_all = joins_all, .limits = &limits };

	return cgroup_create(&request, ret, e);
}

static inline void begin(const char *needed)
{
	struct error e = { 0 };

	cr_assert_eq(cgroup_host_find(&host, &e), 0, "%s", e.text);
	if (host.reason)
		cr_skip_test("no groups here: %s", host.reason);
	if (needed && !list_has(&host.controllers, needed))
		cr_skip_test("this host has no %s controller", needed);
	limits_init(&limits);
	name_group();
}

static inline void create(void)
{
	struct error e = { 0 };

	cr_assert_eq(make(&group, &e), 0, "%s (%s)", e.text, e.hint);
}

/* A process in the group, in every tree when this returns. Returns 0 in it. */
static inline pid_t enter(int *ret_pidfd)
{
	struct process_clone request = { .cgroup = cgroup_clone_fd(group) };
	struct error e = { 0 };
	int pipes[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	pid = process_clone(&request, ret_pidfd, &e);
	cr_assert_geq(pid, 0, "%s", e.text);
	if (pid == 0 && (cgroup_enter(group, request.cgroup >= 0, &e) || write(pipes[1], "x", 1) != 1))
		_exit(99);
	close(pipes[1]);
	if (pid > 0)
		(void)!read(pipes[0], &byte, 1); /* nothing: it has ended */
	close(pipes[0]);
	return pid;
}

static inline bool exists_anywhere(void)
{
	struct stat st;
	bool found = false;

	for (size_t i = 0; i < group->count; i++) {
		char *path = text_format("%s%s", group->branches[i].tree.root, group_at);

		found |= stat(path, &st) == 0;
		free(path);
	}
	return found;
}

static inline void end(void)
{
	struct error e = { 0 };

	if (!group)
		return;
	cr_assert_eq(cgroup_remove(group, &e), 0, "%s", e.text);
	cr_assert_not(exists_anywhere());
	cgroup_free(group);
	cgroup_host_release(&host);
}

static inline struct process_end reap(int pidfd)
{
	struct process_end end_of = { 0 };
	struct error e = { 0 };

	cr_assert_eq(process_wait(pidfd, &end_of, &e), 0, "%s", e.text);
	close(pidfd);
	return end_of;
}

static inline bool wait_empty(void)
{
	for (int i = 0; i < 2000 && !cgroup_is_empty(group); i++)
		usleep(1000);
	return cgroup_is_empty(group);
}

static inline size_t count_pids(void)
{
	struct error e = { 0 };
	int *pids = NULL;
	size_t count = 0;

	cr_assert_eq(cgroup_pids(group, &pids, &count, &e), 0, "%s", e.text);
	free(pids);
	return count;
}

/* Which of some nodes a new process of the group can open: "null kmsg ". */
static inline void opens(char ret[static 64])
{
	static const char *const nodes[] = { "null", "kmsg", "zero" };
	struct process_end ended;
	int pidfd;

	if (enter(&pidfd) == 0) {
		int found = 0;

		for (int i = 0; i < 3; i++) {
			char *path = text_format("/dev/%s", nodes[i]);

			found |= (open(path, O_RDONLY | O_CLOEXEC) >= 0) << i;
			free(path);
		}
		_exit(found);
	}
	ended = reap(pidfd);
	ret[0] = '\0';
	for (int i = 0; i < 3; i++)
		if (ended.code & 1 << i)
			(void)snprintf(ret + strlen(ret), 64 - strlen(ret), "%s ", nodes[i]);
}
