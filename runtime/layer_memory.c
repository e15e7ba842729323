/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_memory.c - a writable layer that lies in memory.
 *
 * The folder on the disk stays below it, with its holder: a killed box takes its mount namespace along, and the sweep finds the folder.
 */
#include "runtime/layer_memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "runtime/new_layer.h"
#include "runtime/storage/writable.h"

#define PROBE "user.box"

bool layer_memory_prepare(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	log_debug("no mount namespace for a layer in memory: %m");
	return false;
}

/* overlayfs keeps its marks in attributes of users, which a tmpfs has since Linux 6.6. */
static int probe(int folder, struct error *e)
{
	if (fsetxattr(folder, PROBE, "", 0, 0) || fremovexattr(folder, PROBE))
		return error_sys(e, "keep attributes in memory");
	return 0;
}

static int fill(int folder, const struct id_map *map, struct error *e)
{
	autoclose int upper = -1;

	if (fchown(folder, map->uids[0].outside, map->gids[0].outside))
		return error_sys(e, "give a layer in memory to user %u", map->uids[0].outside);
	if (writable_fill(folder, map, e))
		return -1;
	upper = writable_open_upper(folder);
	return upper < 0 ? error_sys(e, "open the new layer") : probe(upper, e);
}

int layer_memory_make(const char *path, int64_t bytes, const struct id_map *map, struct error *e)
{
	char size[24];
	const struct mount_option options[] = { { "size", size }, { "nr_inodes", "0" }, { "mode", "0700" }, { NULL, NULL } };
	autoclose int target = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), mount = -1, folder = -1;

	(void)snprintf(size, sizeof size, "%" PRId64, bytes); /* always fits */
	if (target < 0)
		return error_sys(e, "open the writable layer %s", path);
	mount = mount_make("tmpfs", options, MOUNT_ATTR_NODEV, e);
	if (mount < 0 || mount_attach(mount, target, path, e))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0 && fill(folder, map, e) == 0)
		return take_fd(&folder);
	if (folder < 0)
		error_sys(e, "open the writable layer %s", path);
	layer_memory_end(path);
	return -1;
}

void layer_memory_end(const char *path)
{
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW); /* it ends with this process at the latest */
}
