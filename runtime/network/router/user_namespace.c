/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_namespace.c - the user namespace that a network's process lives in.
 *
 * Root's has two ids. 0 there is outside one that no convention gives to anybody (systemd's "UIDs and GIDs": above those that it calls
 * foreign): by it the process is known to others, who signal, trace or ask it, and to services that believe user 0 everything. 1 there is
 * user 0, by whom files are opened and nothing else is done (setfsuid(2)): state and records are root's. Landlock says which (confine.c).
 */
#include "runtime/network/router/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/text.h"

enum { NOBODY_ELSE = 0x7fff0000, OWN = 0, FILES = 1 };

/* Only one's own id can be mapped without help: root inside, the user outside. */
static int write_own_map(uid_t uid, gid_t gid, struct error *e)
{
	autofree char *uids = text_format("0 %u 1", uid), *gids = text_format("0 %u 1", gid);

	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") || file_poke(AT_FDCWD, "/proc/self/uid_map", uids) ||
	    file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		return error_sys(e, "map the user's own id into the network's user namespace");
	return 0;
}

/* Two ids, where both exist: a container that box runs in may have fewer. */
static int write_maps(pid_t pid)
{
	struct id_map map = { .can_setgroups = true, .uid_count = 2, .gid_count = 2, .uids = { { OWN, NOBODY_ELSE, 1 }, { FILES, 0, 1 } },
			      .gids = { { OWN, NOBODY_ELSE, 1 }, { FILES, 0, 1 } } };
	struct error e = { 0 };

	if (id_map_write(pid, &map, &e) == 0)
		return 0;
	map.uid_count = map.gid_count = 1;
	map.uids[0].outside = map.gids[0].outside = 0;
	error_clear(&e);
	return id_map_write(pid, &map, &e);
}

/* Who has entered has no right to write the map: another process stays outside for it, until go is written to or closed. */
static pid_t begin_mapper(int go, int other_end)
{
	pid_t pid = fork();
	char word;

	if (pid != 0)
		return pid;
	close(other_end);
	if (read(go, &word, 1) != 1)
		_exit(1);
	_exit(write_maps(getppid()) ? 1 : 0);
}

static bool mapper_is_done(pid_t mapper)
{
	int status = -1;

	while (waitpid(mapper, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

static int take_ids(struct error *e)
{
	if (setgroups(0, NULL) || setresgid(OWN, OWN, OWN) || setresuid(OWN, OWN, OWN))
		return error_sys(e, "take the ids of a network's user namespace");
	/* They do not tell whether they did it: with one id there is nothing to do. */
	(void)setfsgid(FILES);
	(void)setfsuid(FILES);
	return 0;
}

static int enter_as_root(struct error *e)
{
	bool has_entered, is_mapped;
	pid_t mapper;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	mapper = begin_mapper(ends[0], ends[1]);
	close(ends[0]);
	has_entered = mapper > 0 && unshare(CLONE_NEWUSER) == 0;
	if (has_entered)
		(void)!write(ends[1], "", 1); /* its end is seen below */
	close(ends[1]);
	is_mapped = mapper > 0 && mapper_is_done(mapper);
	if (mapper < 0)
		return error_sys(e, "make the process that maps ids");
	if (!has_entered)
		return 0;
	return is_mapped ? take_ids(e) : error_set(e, ERROR_KERNEL, "map ids into a network's user namespace");
}

int user_namespace_enter(struct error *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0)
		return enter_as_root(e);
	if (unshare(CLONE_NEWUSER)) {
		error_sys(e, "make a user namespace for a network");
		return error_hint(e, "box doctor tells what the host lacks");
	}
	return write_own_map(uid, gid, e);
}
