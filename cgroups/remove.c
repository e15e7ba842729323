/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.c - take a group away in every tree, with the groups that the container made below it.
 *
 * In the usual case of a dead container the first rmdir of each tree is all. Else what is left is killed, and the folders below go
 * first: always the deepest that is there, found by going down one descriptor at a time, so that a container cannot make more depth
 * than can be removed. There are no links in a cgroup file system, and none would be followed. Every loop ends by a deadline.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
#include "cgroups/members.h"

enum { REMOVE_MS = 2000 }; /* from the kill to the last process gone */

/* The name of some group below the open one, or NULL. The caller frees it. */
static char *some_group_below(int folder)
{
	autoclosedir DIR *entries = NULL;
	struct dirent *entry;
	struct stat st;
	int fd;

	/* A group has two links and one more for each below it: most have none and need no listing. */
	if (fstat(folder, &st) || st.st_nlink <= 2 || (fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return NULL;
	entries = fdopendir(fd);
	if (!entries) {
		close(fd);
		return NULL;
	}
	while ((entry = readdir(entries)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			return alloc_copy(entry->d_name);
	return NULL;
}

/* Goes from *at to below or "..": true, and *at is that one. */
static bool move_to(int *at, const char *name)
{
	int next = openat(*at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0)
		return false;
	close(*at);
	*at = next;
	return true;
}

/* A leaf that does not go: the processes in it, which a v1 container may have frozen by itself, are killed here. */
static void kill_in(const struct branch *branch, int folder)
{
	const struct branch leaf = { .tree = branch->tree, .folder = folder };
	struct error ignored = { 0 };

	if (!branch->tree.is_v2)
		(void)group_write(&leaf, "freezer.state", "THAWED"); /* no such file but in the freezer's tree */
	(void)branch_signal(&leaf, SIGKILL, &ignored);               /* the caller looks whether they are gone */
}

/* Removes what lies below one folder, as far as it can now be removed: the rmdir of the folder itself says whether it was all. */
static void remove_below(const struct branch *branch, int parent, const char *name, long deadline)
{
	autoclose int at = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool came_up = false;

	for (size_t depth = 0; at >= 0 && clock_ms() < deadline;) {
		autofree char *below = some_group_below(at);

		if (below && unlinkat(at, below, AT_REMOVEDIR) == 0) {
			came_up = false;
			continue;
		}
		if (below && !came_up && move_to(&at, below)) {
			depth++;
			continue;
		}
		/* Nothing below it, or something that stays for now. */
		if (depth > 0 && !below)
			kill_in(branch, at);
		if (depth == 0 || !move_to(&at, ".."))
			return;
		depth--;
		came_up = true;
	}
}

static int explain_busy(const struct cgroup *group, const struct branch *branch, struct error *e)
{
	autorelease(text) struct text list = { 0 };
	autofree int *pids = NULL;
	size_t count = 0;
	struct error ignored = { 0 };

	if (members_list(branch, &pids, &count, &ignored) == 0)
		for (size_t i = 0; i < count && i < 8; i++)
			text_addf(&list, "%s%d", i ? ", " : "", pids[i]);
	error_set(e, ERROR_KERNEL, "remove cgroup %s%s: processes are still in it %d ms after SIGKILL (%s)", branch->tree.root, group->path,
		  REMOVE_MS, list.length ? list.data : "their pids are not visible here");
	return error_hint(e, "a process in an uninterruptible wait (state D in ps) ends when its device answers; then "
			     "remove the container again");
}

/* rmdir as often as it takes. The first attempt, in the usual case of a dead container, is the only one. */
static int branch_remove(const struct cgroup *group, const struct branch *branch, int parent, struct error *e)
{
	const char *leaf = group_leaf(group);
	long deadline = clock_ms() + REMOVE_MS;
	unsigned pause_us = 100;
	int round = 0;

	while (unlinkat(parent, leaf, AT_REMOVEDIR)) {
		if (errno == ENOENT || errno == ENODEV)
			return 0;
		if (errno != EBUSY)
			return error_sys(e, "remove cgroup %s%s", branch->tree.root, group->path);
		/* Again now and then: the freezer may have missed one that forked. */
		if (round % 8 == 0 && cgroup_kill(group, SIGKILL, e))
			return -1;
		/* A process that died half way through cgroup_enter, or was put here by somebody, is in this branch alone. */
		if (round++ % 8 == 4 && branch_signal(branch, SIGKILL, e))
			return -1;
		remove_below(branch, parent, leaf, deadline);
		if (!wait_until(deadline, &pause_us))
			return explain_busy(group, branch, e);
	}
	return 0;
}

static int branch_clear(const struct cgroup *group, const struct branch *branch, struct error *e)
{
	const struct path_wish nothing = { 0 };
	autofree char *top = text_format("%s/" GROUP_PARENT, branch->tree.root);
	autofree char *own = text_format("%s%s", branch->tree.root, group->path);
	autoclose int parent = -1;
	struct error gone = { 0 };

	/* By its path: ROOT/box may have been removed and made again since the group was opened. */
	if (rmdir(own)) {
		parent = path_walk(branch, group->path, &nothing, &gone);
		if (parent < 0)
			return 0;
		if (branch_remove(group, branch, parent, e))
			return -1;
	}
	if (group_is_boxs_own(group))
		(void)rmdir(top); /* with the last group in it; EBUSY: others are there */
	return 0;
}

int cgroup_remove(const struct cgroup *group, struct error *e)
{
	/* First where processes are frozen: they die in no other tree before they are thawed there. */
	const struct branch *first = group_branch(group, CONTROLLER_FREEZER);
	int failed;

	if (group->unit && group->unit->is_planned)
		return 0;
	/* Before the folders, which systemd removes by itself: one that vanished under it would leave it with a unit that seems to run. */
	if (group->unit && unit_stop(group, e))
		return -1;
	failed = first ? branch_clear(group, first, e) : 0;
	for (size_t i = group->count; i-- > 0;) {
		const struct branch *branch = &group->branches[i];
		struct error again = { 0 };

		/* The other branches go all the same; the first cause is what counts. */
		if (branch != first && branch_clear(group, branch, failed ? &again : e))
			failed = -1;
	}
	return failed;
}
