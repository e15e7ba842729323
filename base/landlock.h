/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock.h - fences of Landlock around the caller: what is ruled is forbidden but for what is allowed.
 *
 * Kernels know less or more of it: what they do not know is left out, and is no error. They need no_new_privs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/landlock.h>

/* Newer than the headers of Debian 12. */
enum { LANDLOCK_FILE_TRUNCATE = 1 << 14, LANDLOCK_FILE_IOCTL = 1 << 15 };
enum { LANDLOCK_TCP_BIND = 1 << 0, LANDLOCK_TCP_CONNECT = 1 << 1 };
enum { LANDLOCK_SCOPED_SOCKETS = 1 << 0, LANDLOCK_SCOPED_SIGNALS = 1 << 1 }; /* abstract sockets of others, signals to others */

/* Bits of LANDLOCK_ACCESS_FS_*, LANDLOCK_FILE_*, LANDLOCK_TCP_* and LANDLOCK_SCOPED_*. */
struct landlock_rules {
	uint64_t files, tcp, scoped;
};

/* The version of the kernel's Landlock; 0: it has none. */
long landlock_version(void);

/* All that this kernel can rule. False: nothing, or so little (version 1) that hard links could not be made at all. */
bool landlock_find(struct landlock_rules *ret);

/* A set that rules so much, of what landlock_find has found; nothing of that is allowed yet. -1 with errno, as the next two. */
int landlock_make(const struct landlock_rules *rules);
/* Allows this below a folder, which may be O_PATH: only bits of files that the set rules. */
int landlock_allow(int set, int folder, uint64_t files);
/* From here on it holds, for this process and its children. */
int landlock_enter(int set);
