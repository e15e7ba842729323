/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountapi.c - mounts as descriptors.
 */
#include "base/mountapi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

int mount_pivot(void)
{
	return (int)syscall(SYS_pivot_root, ".", ".");
}

/* The kernel's own words about a refused mount lie in the fs descriptor (fsconfig(2), "message retrieval");
 * empty where it says none. */
static void kernel_words(int fs, char *buffer, size_t size)
{
	ssize_t got = read(fs, buffer, size - 1);

	if (got < 0)
		got = 0;
	while (got > 0 && buffer[got - 1] == '\n')
		got--;
	buffer[got] = '\0';
	/* "e overlay: …": level, space, text */
	if (got > 2 && buffer[1] == ' ')
		memmove(buffer, buffer + 2, (size_t)got - 1);
}

static int mount_refused(int fs, const char *type, const char *what, struct error *e)
{
	char words[512];
	int sys = errno;

	kernel_words(fs, words, sizeof words);
	errno = sys;
	error_sys(e, "mount a new %s: %s", type, what);
	if (words[0])
		error_hint(e, "the kernel says: %s", words);
	return -1;
}

int mount_make(const char *type, const struct mount_option *options, uint64_t attributes, struct error *e)
{
	autoclose int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mount;

	if (fs < 0)
		return error_sys(e, "open file system type %s", type);
	for (const struct mount_option *o = options; o && o->key; o++) {
		unsigned command = o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(fs, command, o->key, o->value, 0))
			return mount_refused(fs, type, o->key, e);
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return mount_refused(fs, type, "create", e);
	mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
	return mount >= 0 ? mount : mount_refused(fs, type, "make the mount", e);
}

int mount_clone(int dirfd, const char *path, bool recursive, struct error *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0);
	int mount = open_tree(dirfd, path, flags);

	return mount >= 0 ? mount : error_sys(e, "clone the mount at %s", *path ? path : "a descriptor");
}

int mount_change(int mount, const char *name, const struct mount_change *change, struct error *e)
{
	struct mount_attr attr = {
		.attr_set = change->set,
		.attr_clr = change->clear,
		.propagation = change->propagation,
		.userns_fd = change->set & MOUNT_ATTR_IDMAP ? (uint64_t)change->userns : 0,
	};
	unsigned flags = AT_EMPTY_PATH | (change->recursive ? AT_RECURSIVE : 0);

	/* How access times are noted is one value of several bits: the kernel takes a new one only with all of them cleared. */
	if ((change->set | change->clear) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (mount_setattr(mount, "", flags, &attr, sizeof attr))
		return error_sys(e, "set the attributes of the mount of %s", name);
	return 0;
}

int mount_attach(int mount, int target, const char *name, struct error *e)
{
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return error_sys(e, "mount on %s", name);
	return 0;
}

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* Linux 6.5 */
#endif

int mount_replace(int mount, int target, int proc, const char *name, struct error *e)
{
	char old[32];

	(void)snprintf(old, sizeof old, "self/fd/%d", target); /* always fits */
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | MOVE_MOUNT_BENEATH)) {
		if (errno != EINVAL)
			return error_sys(e, "mount beneath %s", name);
		return mount_attach(mount, target, name, e);
	}
	if (fchdir(proc) || umount2(old, MNT_DETACH))
		return error_sys(e, "unmount what was at %s", name);
	return 0;
}
