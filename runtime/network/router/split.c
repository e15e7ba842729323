/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split.c - the beginning of a network: one process becomes two.
 *
 * Root's user namespace has two ids. 0 there is outside one of those that no convention gives to anybody (systemd's "UIDs and GIDs": above
 * those that it calls foreign): by it the process is known to others, which it could signal or trace, and to services that believe user 0
 * everything. 1 there is user 0, by whom files are opened and nothing else is done (setfsuid(2)): state and records are root's. Landlock
 * says which (confine.c).
 */
#include "runtime/network/router/split.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/process.h"
#include "base/text.h"

enum { NOBODY_ELSE = 0x7fff0000 /* and 65,535 more */, OWN = 0, FILES = 1 };

/* Only one's own id can be mapped without help: root inside, the user outside. */
static int enter_as_user(struct error *e)
{
	autofree char *uids = text_format("0 %u 1", geteuid()), *gids = text_format("0 %u 1", getegid());

	if (unshare(CLONE_NEWUSER)) {
		error_sys(e, "make a user namespace for a network");
		return error_hint(e, "box doctor tells what the host lacks");
	}
	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") || file_poke(AT_FDCWD, "/proc/self/uid_map", uids) ||
	    file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		return error_sys(e, "map the user's own id into the network's user namespace");
	return 0;
}

/* Two ids, where both exist: a container that box runs in may have fewer. */
static int write_maps(pid_t pid, uint32_t id)
{
	struct id_map map = { .can_setgroups = true, .uid_count = 2, .gid_count = 2, .uids = { { OWN, id, 1 }, { FILES, 0, 1 } },
			      .gids = { { OWN, id, 1 }, { FILES, 0, 1 } } };
	struct error e = { 0 };

	if (id_map_write(pid, &map, &e) == 0)
		return 0;
	map.uid_count = map.gid_count = 1;
	map.uids[0].outside = map.gids[0].outside = 0;
	error_clear(&e);
	return id_map_write(pid, &map, &e);
}

/* In the new process. */
static int take_ids(int mapped, struct error *e)
{
	char word;

	if (read(mapped, &word, 1) != 1)
		return error_set(e, ERROR_KERNEL, "map ids into a network's user namespace");
	if (setgroups(0, NULL) || setresgid(OWN, OWN, OWN) || setresuid(OWN, OWN, OWN))
		return error_sys(e, "take the ids of a network's user namespace");
	/* They do not tell whether they did it; where the map has one id there is nothing to do. */
	(void)setfsgid(FILES);
	(void)setfsuid(FILES);
	return 0;
}

static int open_namespace(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid); /* it fits */
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* In the user namespace that is there, or in one of its own. */
static pid_t begin(bool has_own, struct split *ret, struct error *e)
{
	const struct process_clone request = { .flags = CLONE_NEWNET | (has_own ? CLONE_NEWUSER : 0), .cgroup = -1 };
	autoclose int ours = -1, theirs = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	theirs = ends[0];
	ours = ends[1];
	*ret = (struct split){ .pidfd = -1, .namespace = -1 };
	pid = process_clone(&request, &ret->pidfd, e);
	if (pid < 0)
		return error_in(e, "make the namespaces of a network");
	if (pid == 0) {
		close(take_fd(&ours));
		return has_own ? take_ids(theirs, e) : 0;
	}
	ret->namespace = open_namespace(pid);
	/* Without its ids it says so itself, to whoever waits. */
	if (ret->namespace >= 0 && has_own && write_maps(pid, NOBODY_ELSE + (uint16_t)pid) == 0)
		(void)!write(ours, "", 1);
	return pid;
}

pid_t split_begin(struct split *ret, struct error *e)
{
	struct error first = { 0 };
	pid_t pid;

	if (geteuid() != 0)
		return enter_as_user(e) ? -1 : begin(/* has_own= */ false, ret, e);
	pid = begin(/* has_own= */ true, ret, &first);
	if (pid >= 0)
		return pid;
	/* ENOSPC: user.max_user_namespaces; EINVAL: a kernel without them; EPERM: behind chroot(2). */
	if (first.sys == ENOSPC || first.sys == EINVAL || first.sys == EPERM)
		return begin(/* has_own= */ false, ret, e);
	*e = first;
	return -1;
}

void split_bury(int *pidfd)
{
	struct process_end end;
	struct error ignored = { 0 };

	(void)process_wait(*pidfd, &end, &ignored); /* it has ended */
	close(take_fd(pidfd));
}
