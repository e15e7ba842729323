/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_host.c - a mount namespace that tells nothing of the host's mounts (box debug).
 *
 * The program's process begins with a copy of the mounts of the process between box and it, and from its first moment the app can read
 * /proc/PID/mountinfo of it: the kernel asks for no right there. So the process between leaves the host's mounts before it joins the app.
 * What is left is what the steps of a start look up by path, and what every app knows to be there: /proc, /sys and /dev.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/debug.h"

static const char *const kept[] = { "proc", "sys", "dev" };

enum { KEPT = sizeof kept / sizeof *kept };

/* All of them before the first is covered. */
static int copy_kept(int root, int ret[static KEPT], struct error *e)
{
	for (int i = 0; i < KEPT; i++) {
		ret[i] = mount_clone(root, kept[i], /* recursive= */ true, e);
		if (ret[i] < 0)
			return -1;
	}
	return 0;
}

static int hang_kept(int top, const int mounts[static KEPT], struct error *e)
{
	for (int i = 0; i < KEPT; i++) {
		autoclose int place = -1;

		if (mkdirat(top, kept[i], 0755))
			return error_sys(e, "make the folder %s", kept[i]);
		place = openat(top, kept[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (place < 0)
			return error_sys(e, "open the folder %s", kept[i]);
		if (mount_attach(mounts[i], place, kept[i], e))
			return -1;
	}
	return 0;
}

/* On the host's /proc, as the place for layers later (root_steps.c). */
static int change_root(int root, const int mounts[static KEPT], struct error *e)
{
	static const struct mount_option options[] = { { "mode", "0755" }, { "size", "64k" }, { "nr_inodes", "16" }, { NULL, NULL } };
	autoclose int top = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	autoclose int place = openat(root, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || place < 0)
		return top < 0 ? -1 : error_sys(e, "open /proc");
	if (hang_kept(top, mounts, e) || mount_attach(top, place, "/proc", e))
		return -1;
	if (fchdir(top) || mount_pivot() || umount2(".", MNT_DETACH) || chdir("/"))
		return error_sys(e, "leave the host's mounts");
	return 0;
}

int debug_leave_host(struct error *e)
{
	int mounts[KEPT] = { -1, -1, -1 };
	autoclose int root = -1;
	int result;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "make a mount namespace");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(e, "open the host's root");
	result = copy_kept(root, mounts, e) || change_root(root, mounts, e) ? -1 : 0;
	for (int i = 0; i < KEPT; i++)
		if (mounts[i] >= 0)
			close(mounts[i]);
	return result;
}
