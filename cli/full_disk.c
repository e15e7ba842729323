/* SPDX-License-Identifier: Apache-2.0 */
/*
 * full_disk.c - which of box's own file systems is full.
 *
 * ENOSPC has other causes as well (a limit of mounts, of watches), so it is looked, and not guessed. What could not be written is gone by
 * then, and has left a little room.
 */
#include "cli/full_disk.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/statvfs.h>

#include "base/number.h"
#include "base/places.h"
#include "base/text.h"

enum { LITTLE = 1 << 20 };

static bool add_lack(const char *what, const char *path, struct text *ret)
{
	struct statvfs fs;
	uint64_t left;
	char words[32];

	if (statvfs(path, &fs))
		return false; /* it is not there yet */
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_files && !fs.f_favail) /* btrfs counts no inodes */
		text_addf(ret, "the file system of %s (%s) has no free inode", what, path);
	else if (left < LITTLE)
		text_addf(ret, "the file system of %s (%s) is full: %s are free", what, path, size_format(left, words));
	else
		return false;
	return true;
}

void full_disk_hint(const struct places *places, struct text *ret)
{
	if (add_lack("the store", places->store, ret))
		text_add(ret, "; box prune makes room, box system df says what is there; BOX_STORE names another");
	else if (add_lack("the state folder", places->state, ret))
		text_add(ret, "; what else lies there has to go, or it has to be larger; --root names another");
}
