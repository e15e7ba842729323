/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isolation.c - whether this process can have namespaces.
 *
 * It is tried, and not read from some file: filters, masked parts of /proc and missing ids all show in the same calls that a start makes.
 */
#include "base/isolation.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "base/process.h"
#include "base/text.h"

#define TOLD "BOX_ISOLATION_TOLD"

static enum { FULL, AUTO, CHROOT } chosen;
static bool is_tried, has_no_sandbox, has_steps;

/* In new namespaces: the first mount of every start. Waits until its ids are there. */
static _Noreturn void try_proc(int pipe)
{
	struct error e = { 0 };
	char go;

	if (read(pipe, &go, 1) != 1)
		_exit(1);
	_exit(mount_make("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &e) >= 0 ? 0 : 2);
}

/* What is missing, in words for people; NULL: nothing. *ret_no_sandbox: not even box-image's namespaces. */
static const char *try_namespaces(bool *ret_no_sandbox)
{
	const struct process_clone request = { .cgroup = -1, .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID };
	struct id_map map = { .uids = { { 0, ID_POOL_BASE, ID_RANGE } }, .gids = { { 0, ID_POOL_BASE, ID_RANGE } }, .uid_count = 1,
			      .gid_count = 1, .can_setgroups = true };
	autoclose int pidfd = -1, go = -1, host = -1;
	struct process_end end = { 0 };
	struct error e = { 0 };
	bool has_ids;
	int ends[2];
	pid_t pid;

	*ret_no_sandbox = true;
	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	go = ends[1];
	pid = process_clone(&request, &pidfd, &e);
	if (pid == 0) {
		close(go);
		try_proc(ends[0]);
	}
	close(ends[0]);
	if (pid < 0)
		return "user namespaces are refused here: ";
	has_ids = id_map_write(pid, &map, &e) == 0 && write(go, "g", 1) == 1; /* it ends without */
	close(take_fd(&go));
	error_clear(&e);
	if (process_wait(pidfd, &end, &e) || !has_ids)
		return "user namespaces get no ids of their own here: ";
	*ret_no_sandbox = false;
	if (end.code)
		return "a /proc of one's own is refused here: ";
	host = mount_clone(AT_FDCWD, "/", /* recursive= */ false, &e);
	return host < 0 ? "mounts are refused here: " : NULL;
}

int isolation_allow(const char *words, bool runs_steps, struct error *e)
{
	const char *from = words ? "option --isolation" : "BOX_ISOLATION";

	if (!words)
		words = getenv("BOX_ISOLATION");
	is_tried = false;
	has_steps = runs_steps;
	chosen = !words || !*words || strcmp(words, "auto") == 0 ? AUTO : strcmp(words, "chroot") == 0 ? CHROOT : FULL;
	if (chosen == FULL && strcmp(words, "full") != 0)
		return error_set(e, ERROR_USAGE, "%s: expected auto, full or chroot, found \"%.80s\"", from, words);
	if (chosen == CHROOT && geteuid() != 0) {
		error_set(e, ERROR_DENIED, "%s: only root may change its root folder", from);
		return error_hint(e, "as another user a build needs user namespaces: box doctor");
	}
	return 0;
}

static void tell(const char *missing)
{
	const char *what = !has_steps	  ? "what reads images runs in a chroot alone"
			   : has_no_sandbox ? "steps, and what reads images, run in a chroot alone: with this container's processes and network"
					    : "steps run in a chroot alone: with this container's processes and network";

	autofree char *self = text_format("%d", (int)getpid());
	const char *told = getenv(TOLD);

	/* A process that executes itself anew (runtime/launch/sealed.h) has told it already. */
	if ((told && strcmp(told, self) == 0) || setenv(TOLD, self, /* overwrite= */ 1))
		return;
	if (has_steps || has_no_sandbox)
		log_warning("%s%s (docs/security.md, \"A build in somebody else's container\"), continuing", missing, what);
}

bool isolation_is_chroot(void)
{
	const char *missing;

	if (chosen == FULL || is_tried)
		return chosen == CHROOT;
	is_tried = true;
	missing = geteuid() == 0 ? try_namespaces(&has_no_sandbox) : NULL;
	if (chosen == AUTO)
		chosen = missing ? CHROOT : FULL;
	if (chosen == CHROOT)
		tell(missing ? missing : "as was asked for: ");
	return chosen == CHROOT;
}

bool isolation_has_no_sandbox(void)
{
	return isolation_is_chroot() && has_no_sandbox;
}
