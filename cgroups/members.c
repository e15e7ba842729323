/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - which processes are in a group, and in the groups that an app made below it.
 */
#include "cgroups/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/group.h"

enum { DEPTH_MAX = 64 };

struct members {
	int *pids;
	size_t count;
};

const struct branch *members_branch(const struct cgroup *group)
{
	const struct branch *branch = group_branch(group, CONTROLLER_FREEZER);

	return branch ? branch : group->count ? &group->branches[0] : NULL;
}

static void add_pids(struct members *members, const char *lines)
{
	for (; *lines; lines += strcspn(lines, "\n") + (strchr(lines, '\n') != NULL)) {
		long pid = strtol(lines, NULL, 10);

		/* 0: a process of another pid namespace, which has no number here. */
		if (pid > 0)
			*(int *)alloc_append(&members->pids, &members->count, sizeof *members->pids) = (int)pid;
	}
}

static int collect(int folder, struct members *members, int depth, struct error *e);

static int collect_below(int folder, struct members *members, int depth, struct error *e)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = NULL;
	struct dirent *entry;

	if (fd < 0)
		return error_sys(e, "list a cgroup");
	entries = fdopendir(fd);
	if (!entries) {
		error_sys(e, "list a cgroup");
		close(fd);
		return -1;
	}
	while ((entry = readdir(entries))) {
		autoclose int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && collect(below, members, depth + 1, e))
			return -1;
	}
	return 0;
}

/* The pids in a group and below it. A group that is gone has none. */
static int collect(int folder, struct members *members, int depth, struct error *e)
{
	autorelease(text) struct text lines = { 0 };
	autoclose int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : error_sys(e, "open cgroup.procs of a group");
	if (file_read_fd(fd, "cgroup.procs", (size_t)64 << 20, &lines, e)) {
		/* EOPNOTSUPP: a threaded group, whose processes are listed by the group above. */
		if (e->sys != ENODEV && e->sys != EOPNOTSUPP)
			return -1;
		error_clear(e);
	}
	if (lines.data)
		add_pids(members, lines.data);
	/* A group has two links and one more for each below it. */
	if (depth < DEPTH_MAX && fstat(folder, &st) == 0 && st.st_nlink > 2)
		return collect_below(folder, members, depth, e);
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

bool members_have(const int *pids, size_t count, int pid)
{
	return count && bsearch(&pid, pids, count, sizeof *pids, compare_pids);
}

int members_list(const struct branch *branch, int **ret_pids, size_t *ret_count, struct error *e)
{
	struct members members = { 0 };

	if (branch->folder >= 0 && collect(branch->folder, &members, 0, e)) {
		free(members.pids);
		return -1;
	}
	if (members.count)
		qsort(members.pids, members.count, sizeof *members.pids, compare_pids);
	*ret_pids = members.pids;
	*ret_count = members.count;
	return 0;
}

int cgroup_pids(const struct cgroup *group, int **ret_pids, size_t *ret_count, struct error *e)
{
	const struct branch *branch = members_branch(group);

	if (branch)
		return members_list(branch, ret_pids, ret_count, e);
	*ret_pids = NULL;
	*ret_count = 0;
	return 0;
}

bool cgroup_is_empty(const struct cgroup *group)
{
	const struct branch *branch = members_branch(group);
	autofree int *pids = NULL;
	size_t count = 0;
	struct error ignored = { 0 };
	char events[128];

	if (!branch || branch->folder < 0)
		return true;
	/* v2 says it for the whole subtree, and knows processes of other pid namespaces. */
	if (branch->tree.is_v2)
		return group_read(branch, "cgroup.events", events, sizeof events) <= 0 ||
		       !strstr(events, "populated 1");
	return cgroup_pids(group, &pids, &count, &ignored) == 0 && count == 0;
}
