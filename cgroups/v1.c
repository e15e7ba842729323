/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1.c - what cgroup v1 needs beyond writing values: a filled cpuset, and the freezer's protocol.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/group.h"

static const char *const cpuset_files[] = { "cpuset.cpus", "cpuset.mems" };

/* Copies the value of file from one group to another that has none. 0, or -1 with errno. */
static int inherit(int from, int to, bool is_empty, const char *file)
{
	struct branch source = { .folder = from }, target = { .folder = to };
	char value[4096];

	if (!is_empty && group_read(&target, file, value, sizeof value) < 0)
		return -1;
	if (!is_empty && value[0] != '\n' && value[0] != '\0')
		return 0;
	if (group_read(&source, file, value, sizeof value) < 0)
		return -1;
	return group_write(&target, file, value);
}

/* A new cpuset group is empty, and no task can enter it (ENOSPC) nor can its children have more than it has. */
int v1_inherit(const struct branch *branch, int above, int below, bool is_new, const char *shown, struct error *e)
{
	if (!(branch->tree.controllers & CONTROLLER_BIT(CONTROLLER_CPUSET)))
		return 0;
	/* Every box does this, and all write the same: whoever comes between another's mkdir and write needs it, too. */
	for (size_t i = 0; i < sizeof cpuset_files / sizeof *cpuset_files; i++)
		if (inherit(above, below, is_new, cpuset_files[i]))
			return error_sys(e, "copy %s to cgroup %s from the one above", cpuset_files[i], shown);
	return 0;
}

bool v1_is_frozen(const struct branch *branch)
{
	char state[16];

	return group_read(branch, "freezer.state", state, sizeof state) > 0 && text_starts(state, "FROZEN");
}

int v1_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e)
{
	const char *word = frozen ? "FROZEN" : "THAWED";
	long deadline = clock_ms() + timeout_ms;
	unsigned pause_us = 100;

	do {
		/* Again each time: a task that was forked while the first pass went on leaves the state at FREEZING. */
		if (group_write(branch, "freezer.state", word))
			return error_sys(e, "write %s to freezer.state of cgroup %s", word, branch->tree.root);
		if (!frozen || v1_is_frozen(branch))
			return 0;
	} while (wait_until(deadline, &pause_us));
	(void)group_write(branch, "freezer.state", "THAWED"); /* half frozen is worse than not at all */
	return error_set(e, ERROR_KERNEL,
			 "freeze the container: after %d ms some of its processes still do not stop "
			 "(they wait for a device or a network file system); it was thawed again",
			 timeout_ms);
}
