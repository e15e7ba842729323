/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountapi.h - mounts as descriptors (Linux 5.2 to 5.12), nothing by path string.
 *
 * A mount is made detached, given its attributes, and only then attached to a target that was opened before.
 * MOUNT_ATTR_* and MS_* come from <sys/mount.h> (glibc 2.36 and later).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

struct error;

struct mount_option {
	const char *key;   /* NULL ends the list */
	const char *value; /* NULL: a flag */
};

/* A new detached mount of a file system of the given type. attributes: MOUNT_ATTR_*. */
int mount_make(const char *type, const struct mount_option *options, uint64_t attributes, struct error *e);

/* A detached copy of the mount at dirfd/path (path "" = dirfd itself); recursive: with everything below it. */
int mount_clone(int dirfd, const char *path, bool recursive, struct error *e);

struct mount_change {
	uint64_t set;         /* MOUNT_ATTR_* */
	uint64_t clear;
	uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, … or 0 */
	int userns;           /* with MOUNT_ATTR_IDMAP in set: the user namespace that maps */
	bool recursive;
};

/* mount_setattr(2) on a mount given by descriptor. name is for messages. */
int mount_change(int mount, const char *name, const struct mount_change *change, struct error *e);

/* Moves the detached mount onto target (an O_PATH descriptor, which may be a file). name is for messages. */
int mount_attach(int mount, int target, const char *name, struct error *e);

/* Moves the detached mount into the place of target, which is the root of the topmost mount there: whoever opens the path finds one or the
 * other. proc: a /proc that shows this process; it becomes the current folder. Before Linux 6.5 the old mount stays, below the new one.
 * name is for messages. */
int mount_replace(int mount, int target, int proc, const char *name, struct error *e);

/* pivot_root(".", "."): the current folder becomes the root, the old root lies on top of it. Returns as the system call does. */
int mount_pivot(void);
