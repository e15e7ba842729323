/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks.c - hide and write-protect paths of /proc and /sys.
 *
 * A file is covered by an empty file, a folder by an empty folder, both read-only and both of box's own
 * making, on the scaffold: the container's /dev/null, which others use for this, may be anything
 * (CVE-2025-31133). What is missing needs no mask; what cannot be masked is fatal.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

static const char mask_file[] = "mask-file";
static const char mask_folder[] = "mask-folder";

static int make_masks(struct child *c, struct error *e)
{
	if (mknodat(c->scaffold, mask_file, S_IFREG | 0444, 0) || mkdirat(c->scaffold, mask_folder, 0555))
		return error_sys(e, "make the empty file and folder that hide others");
	return 0;
}

/* Without a scaffold: the host's own /dev/null, whose number is checked, and one small tmpfs that is cloned once it is attached. */
static int oci_mask(struct child *c, bool is_folder, struct error *e)
{
	static const struct mount_option small[] = { { "mode", "0555" }, { "size", "4k" }, { "nr_inodes", "2" }, { NULL, NULL } };
	autoclose int null = -1;
	struct stat st;

	if (is_folder)
		return c->mask_folder >= 0 ? mount_clone(c->mask_folder, "", /* recursive= */ false, e)
					   : mount_make("tmpfs", small, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (null < 0 || fstat(null, &st))
		return error_sys(e, "open the host's /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(e, ERROR_DENIED, "use the host's /dev/null: it is something else");
	return mount_clone(null, "", /* recursive= */ false, e);
}

static int open_mask(struct child *c, bool is_folder, struct error *e)
{
	return c->container->oci ? oci_mask(c, is_folder, e)
				 : mount_clone(c->scaffold, is_folder ? mask_folder : mask_file, /* recursive= */ false, e);
}

/* What the program will find by that path: a link that the root folder has there leads to what is meant, not to what is left open. */
static int open_target(struct child *c, const char *path)
{
	return beneath_try(c->root, path, O_PATH, 0);
}

static int mask_one(struct child *c, const char *path, struct error *e)
{
	const struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY };
	autoclose int target = open_target(c, path);
	autoclose int mount = -1;
	struct stat st;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "hide %s", path);
	if (fstat(target, &st))
		return error_sys(e, "hide %s", path);
	mount = open_mask(c, S_ISDIR(st.st_mode), e);
	if (mount < 0 || mount_change(mount, path, &read_only, e) || mount_attach(mount, target, path, e))
		return error_in(e, "hide %s", path);
	if (c->container->oci && S_ISDIR(st.st_mode) && c->mask_folder < 0)
		c->mask_folder = take_fd(&mount);
	return 0;
}

static int protect_one(struct child *c, const char *path, struct error *e)
{
	const struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY, .recursive = true };
	autoclose int target = open_target(c, path);
	autoclose int mount = -1;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "write-protect %s", path);
	mount = mount_clone(target, "", /* recursive= */ true, e);
	if (mount < 0 || mount_change(mount, path, &read_only, e) || mount_attach(mount, target, path, e))
		return error_in(e, "write-protect %s", path);
	return 0;
}

int step_masks(struct child *c, struct error *e)
{
	if (!c->container->oci && c->container->masked_paths.count && make_masks(c, e))
		return -1;
	for (size_t i = 0; i < c->container->masked_paths.count; i++)
		if (mask_one(c, c->container->masked_paths.items[i], e))
			return -1;
	for (size_t i = 0; i < c->container->read_only_paths.count; i++)
		if (protect_one(c, c->container->read_only_paths.items[i], e))
			return -1;
	return 0;
}
