/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whiteout.c - what a layer removes, in the form that overlayfs reads.
 *
 * A hidden name is a character device 0:0, which any user may make since Linux 5.8 and which overlayfs of every kernel knows. A folder
 * that hides everything below it carries user.overlay.opaque=y, which overlayfs obeys under the mount option userxattr: the sandbox's user
 * namespace cannot set trusted.*.
 *
 * Whiteouts speak about the layers below only: what this layer itself brings stays, whichever comes first in the archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/unpack/layer_tree.h"

bool whiteout_is(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int whiteout_set_opaque(int folder, struct error *e)
{
	if (fsetxattr(folder, "user.overlay.opaque", "y", 1, 0))
		return error_sys(e, "mark the folder as hiding what is below it (user.overlay.opaque)");
	return 0;
}

int whiteout_hide(struct layer_tree *tree, int parent, const char *target, struct error *e)
{
	autoclose int folder = -1;
	struct stat st;

	(void)tree;
	if (mknodat(parent, target, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return error_sys(e, "make the whiteout of %s", target);
	if (fstatat(parent, target, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(e, "look at %s", target);
	if (!S_ISDIR(st.st_mode))
		return 0; /* this layer's own file hides what is below by itself */
	folder = openat(parent, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return error_sys(e, "enter the folder %s", target);
	return whiteout_set_opaque(folder, e);
}
