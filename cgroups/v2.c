/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2.c - hand controllers down the v2 tree, and freeze.
 *
 * A group has the files of a controller only where its parent's cgroup.subtree_control names it, and so on up to the
 * root. What is needed is switched on in every group above the container's own, and stays on (other software may
 * have come to need it, too). In a group that is not the root of the whole tree the kernel refuses (EBUSY)
 * while processes are in it. Where that is a delegated group and this process alone, it moves to the leaf GROUP_CALLER.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/group.h"

/* The controllers that children of the group folder do not have yet. */
static unsigned missing_below(int folder, unsigned wanted)
{
	struct branch branch = { .folder = folder };
	char words[512];

	/* Reading first: a write takes the kernel's global lock and waits for groups that are just being removed. */
	if (group_read(&branch, "cgroup.subtree_control", words, sizeof words) < 0)
		return wanted;
	return wanted & ~controllers_parse(words);
}

static int switch_on(int folder, unsigned controllers)
{
	autorelease(text) struct text words = { 0 };

	for (unsigned c = 0; c < CONTROLLER_COUNT; c++)
		if (controllers & CONTROLLER_BIT(c))
			text_addf(&words, "%s+%s", words.length ? " " : "", controller_name(c, /* is_v2= */ true));
	return file_poke(folder, "cgroup.subtree_control", words.data);
}

/* Moves this process from the group root to a leaf below it, if nobody else is in there. 0, or -1 with errno. */
static int clear_root(int root)
{
	struct branch branch = { .folder = root };
	char pids[64], *end;

	if (group_read(&branch, "cgroup.procs", pids, sizeof pids) < 0)
		return -1;
	if (strtol(pids, &end, 10) != getpid() || strcmp(end, "\n") != 0) {
		errno = EBUSY;
		return -1;
	}
	if (mkdirat(root, GROUP_CALLER, 0755) && errno != EEXIST)
		return -1;
	return file_poke(root, GROUP_CALLER "/cgroup.procs", "0");
}

static int explain_switch(const char *shown, struct error *e)
{
	error_sys(e, "switch on controllers in %s/cgroup.subtree_control", shown);
	if (e->sys == EBUSY && geteuid())
		(void)error_hint(e, "processes run in that cgroup itself, and then its children cannot have controllers: start box as the "
				    "first process of a scope of its own: systemd-run --user --scope -p Delegate=yes box …");
	else if (e->sys == EBUSY)
		(void)error_hint(e, "processes run in that cgroup itself (its cgroup.procs), and then its children cannot have controllers: "
				    "move them into a child of it first");
	return -1;
}

/* 0, or -1 with errno. */
static int switch_or_clear(int folder, bool is_root, unsigned controllers)
{
	if (switch_on(folder, controllers) == 0)
		return 0;
	if (errno != EBUSY || !is_root)
		return -1;
	return clear_root(folder) || switch_on(folder, controllers) ? -1 : 0;
}

int v2_enable(int folder, const char *shown, bool is_root, const struct path_wish *wish, struct error *e)
{
	unsigned wanted = (wish->needed | wish->welcome) & ~CONTROLLERS_BUILT_IN;
	unsigned missing = wanted ? missing_below(folder, wanted) : 0;

	if (!missing || switch_or_clear(folder, is_root, missing) == 0)
		return 0;
	if (errno == EBUSY || missing == (wish->needed & missing))
		return explain_switch(shown, e);
	/* One of them does not work here (a realtime task keeps "cpu" off). What nobody limits may stay off. */
	for (unsigned c = 0; c < CONTROLLER_COUNT; c++) {
		unsigned bit = missing & CONTROLLER_BIT(c);

		if (bit && switch_on(folder, bit) && (bit & wish->needed))
			return explain_switch(shown, e);
	}
	return 0;
}

static bool events_say_frozen(int events)
{
	char words[128];
	ssize_t length = pread(events, words, sizeof words - 1, 0);

	if (length < 0)
		return false;
	words[length] = '\0';
	return strstr(words, "frozen 1") != NULL;
}

bool v2_is_frozen(const struct branch *branch)
{
	char words[128];

	return group_read(branch, "cgroup.events", words, sizeof words) > 0 && strstr(words, "frozen 1");
}

int v2_freeze(const struct branch *branch, bool frozen, int timeout_ms, struct error *e)
{
	long deadline = clock_ms() + timeout_ms;
	struct pollfd events = { .fd = -1, .events = POLLPRI };
	autoclose int fd = -1;

	if (group_write(branch, "cgroup.freeze", frozen ? "1" : "0"))
		return error_sys(e, "write %d to cgroup.freeze of cgroup %s", frozen, branch->tree.root);
	if (!frozen)
		return 0;
	fd = openat(branch->folder, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "open cgroup.events of cgroup %s", branch->tree.root);
	events.fd = fd;
	while (!events_say_frozen(fd)) {
		long left = deadline - clock_ms();

		if (left <= 0) {
			(void)group_write(branch, "cgroup.freeze", "0"); /* half frozen is worse than not at all */
			return error_set(e, ERROR_KERNEL,
					 "freeze the container: after %d ms some of its processes still do not "
					 "stop (they wait for a device or a network file system); it was thawed again",
					 timeout_ms);
		}
		if (poll(&events, 1, (int)left) < 0 && errno != EINTR)
			return error_sys(e, "wait for cgroup.events of cgroup %s", branch->tree.root);
	}
	return 0;
}
