/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.c - what comes from the host into a container.
 *
 * Ids (design.md, section 5). A volume keeps container ids on disk and lies below a 0700 folder, so an app's
 * setuid file in it is out of everybody's reach. A bind mount lies in the open: its default maps exactly one
 * id, the folder's owner on disk to the app's user inside, so that what the app writes belongs to the
 * folder's owner, and no other id can be written at all. Where that owner is host root and others can reach
 * the folder, even this one id would let an app plant a setuid-root program on the host; such a mount is
 * refused unless it is read-only.
 */
#include "runtime/child/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/volume_lock.h"
#include "specs/container.h"

bool source_is_needed(const struct mount_entry *entry)
{
	return (entry->kind == MOUNT_BIND && !entry->is_remount) || entry->kind == MOUNT_VOLUME;
}

static int map_mount(int mount, const char *name, int userns, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_IDMAP, .userns = userns, .recursive = true };

	if (mount_change(mount, name, &change, e)) {
		if (e->sys == EINVAL)
			error_hint(e, "the file system of %s cannot be id-mapped on this kernel: move it to ext4, xfs or btrfs, "
				      "or write \"idmap\": \"none\" or \"security\": {\"userns\": \"host\"}", name);
		return error_in(e, "map the user ids of %s", name);
	}
	return 0;
}

static int clone_folder(const struct layer *layer, struct error *e)
{
	struct stat st;

	if (stat(layer->path, &st))
		return error_sys(e, "open the root folder %s", layer->path);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ERROR_SPEC, "open the root folder %s: it is not a folder", layer->path);
	return mount_clone(AT_FDCWD, layer->path, false, e);
}

/* A layer that is a mount already. It gets its id map here, and a mount takes one once: it serves one start. */
static int take_mount(const struct layer *layer, struct error *e)
{
	int mount = fcntl(layer->mount, F_DUPFD_CLOEXEC, 0);

	return mount >= 0 ? mount : error_sys(e, "keep the mount of the layer %s", layer->path);
}

int source_layer(const struct sources *sources, const struct layer *layer, struct error *e)
{
	const struct mount_change private = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE };
	int userns = layer->ids == LAYER_IDS_STORE ? sources->shift_userns : sources->app_userns;
	autoclose int mount = layer->mount >= 0 ? take_mount(layer, e) : clone_folder(layer, e);

	if (mount < 0)
		return -1;
	if (mount_change(mount, layer->path, &private, e))
		return -1;
	if (userns >= 0 && map_mount(mount, layer->path, userns, e))
		return -1;
	return take_fd(&mount);
}

/* Whether somebody other than root can enter this one folder. The group's bit counts whatever the group: with an ACL it is the mask of all
 * users and groups that the ACL names. */
static bool is_open_to_others(const struct stat *folder)
{
	return folder->st_uid != 0 || (folder->st_mode & (S_IXOTH | S_IXGRP));
}

/* Whether users other than root can reach what the descriptor shows: no folder on the way from the top is closed to them. Unknown
 * counts as the worse case. */
static bool is_reachable(int source)
{
	char link[32], path[PATH_MAX];
	struct stat st;
	ssize_t length;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", source); /* always fits */
	length = readlink(link, path, sizeof path - 1);
	if (length <= 0)
		return true;
	path[length] = '\0';
	for (char *end = path + length; end > path; end = strrchr(path, '/')) {
		*end = '\0';
		if (lstat(*path ? path : "/", &st))
			return true;
		if (S_ISDIR(st.st_mode) && !is_open_to_others(&st))
			return false;
	}
	return true;
}

static int refuse_reachable(const struct mount_entry *entry, const char *why, struct error *e)
{
	error_set(e, ERROR_SPEC, "mount %s on %s: %s, and other users can enter it: the app could leave them a setuid-root program",
		  entry->source, entry->target, why);
	error_at(e, "%s", entry->field ? entry->field : "volumes");
	return error_hint(e, "chmod 0700 the folder, or give it to another user (chown), or use a named volume, or add \"read_only\": true");
}

/* "caller": the owner on disk is the app's user inside, and nobody else exists. */
static int map_owner(const struct sources *sources, const struct mount_entry *entry, int mount, int source, struct error *e)
{
	int64_t uid = id_map_uid(sources->map, sources->uid), gid = id_map_gid(sources->map, sources->gid);
	autoclose int userns = -1;
	struct id_map map;
	struct stat st;

	if (fstat(source, &st))
		return error_sys(e, "look at %s", entry->source);
	if (uid < 0 || gid < 0)
		return error_set(e, ERROR_SPEC, "mount %s on %s: user %u:%u has no id on this host", entry->source, entry->target,
				 sources->uid, sources->gid);
	if (st.st_uid == 0 && !(entry->attributes & MOUNT_ATTR_RDONLY) && is_reachable(source))
		return refuse_reachable(entry, "it belongs to root", e);
	idmap_for_owner(st.st_uid, (uid_t)uid, st.st_gid, (gid_t)gid, &map);
	userns = idmap_namespace(&map, e);
	return userns < 0 ? -1 : map_mount(mount, entry->source, userns, e);
}

static int map_bind(const struct sources *sources, const struct mount_entry *entry, int mount, int source, struct error *e)
{
	bool is_read_only = entry->attributes & MOUNT_ATTR_RDONLY;

	if (sources->app_userns < 0 || entry->idmap == IDMAP_NONE)
		return 0;
	/* What cannot be written needs no owner: everything is shown with the ids it has. */
	if (is_read_only || entry->idmap == IDMAP_CONTAINER) {
		if (!is_read_only && is_reachable(source))
			return refuse_reachable(entry, "\"idmap\": \"container\" keeps root's files root's", e);
		return map_mount(mount, entry->source, sources->app_userns, e);
	}
	return map_owner(sources, entry, mount, source, e);
}

/* What was looked up before. It cannot be mounted by that descriptor itself where it is one of another mount namespace. */
static bool is_same(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int open_bind(const struct sources *sources, const struct mount_entry *entry, struct error *e)
{
	const struct mount_change change = { .set = entry->attributes, .propagation = MS_PRIVATE, .recursive = true };
	/* Looked up once: what is checked is what is mounted. */
	autoclose int source = open(entry->source, O_PATH | O_CLOEXEC | (entry->has_descriptor ? O_NOFOLLOW : 0));
	autoclose int mount = -1;

	if (source < 0) {
		error_sys(e, "mount %s on %s: open %s", entry->source, entry->target, entry->source);
		if (e->sys == ENOENT)
			error_hint(e, "make it first: mkdir -p %s", entry->source);
	} else {
		mount = mount_clone(source, "", /* recursive= */ true, e);
	}
	if (source >= 0 && entry->has_descriptor && !is_same(source, entry->descriptor))
		return error_set(e, ERROR_EXISTS, "mount %s on %s: something else took its place", entry->source, entry->target);
	if (mount < 0 || map_bind(sources, entry, mount, source, e) || mount_change(mount, entry->source, &change, e))
		return e->field[0] ? -1 : error_at(e, "%s", entry->field ? entry->field : "volumes");
	return take_fd(&mount);
}

static int open_volume(const struct sources *sources, const struct mount_entry *entry, struct error *e)
{
	autofree char *path = text_format("%s/%s/_data", sources->volumes, entry->source);
	const struct mount_change change = { .set = entry->attributes, .propagation = MS_PRIVATE };
	autoclose int mount = mount_clone(AT_FDCWD, path, /* recursive= */ false, e);

	if (mount < 0)
		return error_in(e, "mount the volume %s on %s", entry->source, entry->target);
	if (sources->app_userns >= 0 && map_mount(mount, path, sources->app_userns, e))
		return -1;
	/* A volume that the image has to fill is made read-only after that, by the child. */
	if (!entry->copy_up && mount_change(mount, path, &change, e))
		return -1;
	return take_fd(&mount);
}

/* Attributes hold for the mount itself, recursive ones for all below it. Mounts of the host still come in unless the engine says otherwise,
 * and none goes out unless it says so. */
static int change_oci_bind(int mount, const struct mount_entry *entry, struct error *e)
{
	uint64_t said = entry->attributes_said, atime = said & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
	const struct mount_change own = { .set = entry->attributes & said, .clear = (said & ~entry->attributes) | atime };
	const struct mount_change all = { .set = entry->recursive_attributes,
					  .clear = (entry->recursive_said & ~entry->recursive_attributes) |
						   (entry->recursive_said & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0),
					  .recursive = true };
	const struct mount_change slave = { .propagation = MS_SLAVE, .recursive = true };

	if (!(entry->propagation & MS_SHARED) && mount_change(mount, entry->source, &slave, e))
		return -1;
	if (said && mount_change(mount, entry->source, &own, e))
		return -1;
	return entry->recursive_said ? mount_change(mount, entry->source, &all, e) : 0;
}

/* An id map of the mount's own. */
static int map_oci_bind(int mount, const struct mount_entry *entry, struct error *e)
{
	autoclose int userns = entry->id_map ? idmap_namespace(entry->id_map, e) : -1;
	const struct mount_change map = { .set = MOUNT_ATTR_IDMAP, .recursive = entry->id_map_is_recursive, .userns = userns };

	if (!entry->id_map)
		return 0;
	return userns < 0 ? -1 : mount_change(mount, entry->source, &map, e);
}

static int open_oci_bind(const struct mount_entry *entry, struct error *e)
{
	autoclose int source = open(entry->source, O_PATH | O_CLOEXEC);
	autoclose int mount = -1;

	if (source < 0)
		error_sys(e, "mount %s on %s: open %s", entry->source, entry->target, entry->source);
	else
		mount = mount_clone(source, "", entry->is_recursive, e);
	if (mount < 0 || map_oci_bind(mount, entry, e) || change_oci_bind(mount, entry, e))
		return entry->field && !e->field[0] ? error_at(e, "%s", entry->field) : -1;
	return take_fd(&mount);
}

int source_mount(const struct sources *sources, const struct mount_entry *entry, struct error *e)
{
	if (sources->is_oci)
		return open_oci_bind(entry, e);
	return entry->kind == MOUNT_BIND ? open_bind(sources, entry, e) : open_volume(sources, entry, e);
}

static bool writes_alone(const struct mount_entry *entry)
{
	return !entry->is_shared && !(entry->attributes & MOUNT_ATTR_RDONLY);
}

static int lock_volume(int folder, const struct mount_entry *entry, struct error *e)
{
	int lock = volume_lock(folder, writes_alone(entry));

	if (lock < 0) {
		autoclose int reader = -1;

		if (errno != EWOULDBLOCK)
			return error_sys(e, "lock volume %s", entry->source);
		reader = writes_alone(entry) ? volume_lock(folder, /* is_writer= */ false) : -1;
		error_set(e, ERROR_EXISTS, "use volume %s: another running app %s it", entry->source, reader < 0 ? "writes" : "reads");
		error_at(e, "%s", entry->field ? entry->field : "volumes");
		return reader < 0 ? error_hint(e, "stop that app first, or write \"shared\": true where it is written")
				  : error_hint(e, "stop that app first, or write \"shared\": true here");
	}
	return lock;
}

int volume_note(const char *volumes, const struct mount_entry *entry, pid_t pid, struct error *e)
{
	autofree char *path = text_format("%s/%s", volumes, entry->source);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return error_sys(e, "open volume %s", entry->source);
	return volume_note_user(folder, pid, writes_alone(entry), e) ? error_in(e, "use volume %s", entry->source) : 0;
}

int volume_open(const char *volumes, const struct mount_entry *entry, struct error *e)
{
	autofree char *path = text_format("%s/%s", volumes, entry->source);
	autoclose int top = folder_make(volumes, 0700, e);
	autoclose int folder = -1, lock = -1;
	struct stat ours, named;

	if (top < 0)
		return -1;
	/* A volume keeps container ids on disk, so that this folder is all that stands between other users and an app's setuid
	 * programs: one that somebody else made is not taken on trust. */
	folder = folder_make_closed(path, e);
	if (folder < 0)
		return error_in(e, "make volume %s", entry->source);
	if (mkdirat(folder, "_data", 0755) && errno != EEXIST)
		return error_sys(e, "make volume %s", entry->source);
	lock = lock_volume(folder, entry, e);
	/* Whoever removes a volume holds its lock, and lets it go when the volume has no name any more. */
	if (lock >= 0 && (fstat(folder, &ours) || fstatat(top, entry->source, &named, AT_SYMLINK_NOFOLLOW) || ours.st_ino != named.st_ino))
		return error_set(e, ERROR_EXISTS, "use volume %s: it was removed at this moment", entry->source);
	return take_fd(&lock);
}
