/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - stop, go on, and kill: everything that has to win against processes that fork.
 *
 * v2 kills a whole subtree by cgroup.kill (Linux 5.14). Elsewhere the group is frozen first, so that no process can fork or
 * leave while the list of pids is worked through; a v1 task takes its SIGKILL only when thawed, a v2 task at once.
 * A group that does not freeze (a process in an uninterruptible wait) is signalled in rounds until it is empty. Every
 * loop here ends by a deadline.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/process.h"
#include "cgroups/group.h"
#include "cgroups/members.h"

enum {
	FREEZE_MS = 2000,     /* for a pause that the user asked for */
	KILL_FREEZE_MS = 100, /* before a kill: a help, not a condition */
	KILL_MS = 2000,
};

/* The branch through which the group is frozen; NULL where none is joined. */
static const struct branch *freezer_of(const struct cgroup *group)
{
	return group_branch(group, CONTROLLER_FREEZER);
}

static int branch_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e)
{
	return branch->tree.is_v2 ? v2_freeze(branch, frozen, timeout_ms, e) : v1_freeze(branch, frozen, timeout_ms, e);
}

int cgroup_freeze(const struct cgroup *group, bool frozen, struct error *e)
{
	const struct branch *branch = freezer_of(group);

	if (!group->count)
		return 0;
	if (!branch)
		return error_set(e, ERROR_UNSUPPORTED,
				 "freeze the container: this host (%s) has no freezer that box can use",
				 version_words(group->version));
	return branch_freeze(branch, frozen, FREEZE_MS, e);
}

bool cgroup_is_frozen(const struct cgroup *group)
{
	const struct branch *branch = freezer_of(group);

	return branch && (branch->tree.is_v2 ? v2_is_frozen(branch) : v1_is_frozen(branch));
}

/* Signals those of the listed pids that are still in the group once they are held: a pid may have been given to a stranger meanwhile. */
static int signal_listed(const struct branch *branch, const int *pids, size_t count, int signal, struct error *e)
{
	enum { HELD = 64 };

	for (size_t first = 0; first < count; first += HELD) {
		size_t held = count - first < HELD ? count - first : HELD;
		int fds[HELD];
		autofree int *again = NULL;
		size_t again_count = 0;
		int failed;

		for (size_t i = 0; i < held; i++)
			fds[i] = process_open(pids[first + i]);
		failed = members_list(branch, &again, &again_count, e);
		for (size_t i = 0; i < held; i++) {
			if (fds[i] < 0)
				continue;
			if (!failed && members_have(again, again_count, pids[first + i]) &&
			    process_signal(fds[i], signal) && errno != ESRCH) {
				error_sys(e, "send %s to process %d", signal_name(signal), pids[first + i]);
				failed = -1;
			}
			close(fds[i]);
		}
		if (failed)
			return -1;
	}
	return 0;
}

int branch_signal(const struct branch *branch, int signal, struct error *e)
{
	autofree int *pids = NULL;
	size_t count = 0;

	if (members_list(branch, &pids, &count, e))
		return -1;
	return signal_listed(branch, pids, count, signal, e);
}

/* One round: as still as it gets, signal everybody, let them go and die. *ret_is_sure: nobody can have forked meanwhile. */
static int kill_round(const struct cgroup *group, int signal, bool *ret_is_sure, struct error *e)
{
	const struct branch *branch = freezer_of(group);
	struct error ignored = { 0 };
	bool was_frozen = cgroup_is_frozen(group);
	int failed;

	/* A freeze that fails costs a few rounds more, no more. */
	*ret_is_sure =
		was_frozen || (branch && branch_freeze(branch, /* frozen= */ true, KILL_FREEZE_MS, &ignored) == 0);
	failed = branch_signal(members_branch(group), signal, e);
	/* SIGKILL is delivered only to a thawed v1 task; any other signal leaves a paused group paused. */
	if (branch && (!was_frozen || signal == SIGKILL))
		(void)branch_freeze(branch, /* frozen= */ false, 0, &ignored);
	return failed;
}

static int kill_everybody(const struct cgroup *group, struct error *e)
{
	const struct branch *branch = freezer_of(group);
	long deadline = clock_ms() + KILL_MS;
	unsigned pause_us = 200;
	bool is_sure = false;

	if (branch && branch->tree.is_v2) {
		if (group_write(branch, "cgroup.kill", "1") == 0 || errno == ENODEV)
			return 0;
		if (errno != ENOENT) /* before 5.14 */
			return error_sys(e, "write 1 to cgroup.kill of cgroup %s%s", branch->tree.root, group->path);
	}
	/* Nobody can fork into an empty group; and freezing is dear: on v1 it changes the kernel's code on every processor. */
	if (cgroup_is_empty(group))
		return 0;
	do {
		if (kill_round(group, SIGKILL, &is_sure, e))
			return -1;
		/* A process that was not frozen may have forked behind our back: look again. */
	} while (!is_sure && !cgroup_is_empty(group) && wait_until(deadline, &pause_us));
	return 0;
}

int cgroup_let_die(const struct cgroup *group, struct error *e)
{
	const struct branch *branch = freezer_of(group);

	if (!branch || branch->tree.is_v2 || !v1_is_frozen(branch))
		return 0;
	return branch_freeze(branch, /* frozen= */ false, 0, e);
}

int cgroup_kill(const struct cgroup *group, int signal, struct error *e)
{
	bool is_sure;

	if (!group->count)
		return 0;
	return signal == SIGKILL ? kill_everybody(group, e) : kill_round(group, signal, &is_sure, e);
}
