/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.c - attach the container's mounts to its new root, in the order of the list.
 *
 * Each mount is made detached, with its attributes, and moved onto a target that was opened below the root without
 * leaving it (CVE-2021-30465). For proc, sys and dev the target must be a real folder directly below the root (root_attach_top):
 * through a link the image could steer them, and what box later writes, elsewhere (CVE-2019-19921, CVE-2026-41579).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/copy.h"
#include "runtime/child/sources.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* The attributes that every mount of the kernel's own file systems gets. */
static const uint64_t closed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

static int mount_proc(struct child *c, const struct mount_entry *entry, struct error *e)
{
	autoclose int mount = mount_make("proc", NULL, closed, e);

	if (mount < 0) {
		if (e->sys == EPERM)
			error_hint(e, "box itself runs where parts of /proc are hidden (inside another container?): start it outside");
		return -1;
	}
	/* A second instance that nothing covers: sysctls are written through it, whatever is mounted on /proc by then. */
	c->proc = mount_make("proc", NULL, closed, e);
	return c->proc < 0 ? -1 : root_attach_top(c, mount, entry->target, e);
}

/* A new sysfs shows the network namespace it is mounted in, and may be mounted only by that namespace's
 * owner. With the host's network the host's own is shown instead. */
static int mount_sysfs(struct child *c, const struct mount_entry *entry, struct error *e)
{
	const struct mount_change change = { .set = closed | MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE, .recursive = true };
	autoclose int mount = -1;

	if (container_has_namespace(c->container, NAMESPACE_NETWORK)) {
		mount = mount_make("sysfs", NULL, closed | MOUNT_ATTR_RDONLY, e);
		return mount < 0 ? -1 : root_attach_top(c, mount, entry->target, e);
	}
	mount = mount_clone(AT_FDCWD, "/sys", /* recursive= */ true, e);
	if (mount < 0 || mount_change(mount, "/sys", &change, e))
		return -1;
	return root_attach_top(c, mount, entry->target, e);
}

int mounts_copy_up(struct child *c, const struct mount_entry *entry, int mount, struct error *e)
{
	autoclose int image = beneath_try(c->root, entry->target, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	autoclose int inside = -1;
	struct stat root, st;

	/* The image has nothing there, or a link of its leads into another mount: /sys before its masks, another volume. */
	if (image < 0 || fstat(c->root, &root) || fstat(image, &st) || st.st_dev != root.st_dev)
		return 0;
	inside = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (inside < 0)
		return error_sys(e, "open the new mount for %s", entry->target);
	if (copy_tree(image, inside, e))
		return error_in(e, "fill %s from the image", entry->target);
	return 0;
}

static int mount_tmpfs(struct child *c, const struct mount_entry *entry, struct error *e)
{
	char mode[16], size[32];
	const struct mount_option options[] = {
		{ "mode", mode }, { entry->size == LIMIT_UNSET ? NULL : "size", size }, { NULL, NULL }
	};
	/* Writable while it is filled. */
	uint64_t later = entry->copy_up ? entry->attributes & MOUNT_ATTR_RDONLY : 0;
	const struct mount_change change = { .set = later };
	autoclose int mount = -1, target = -1;

	(void)snprintf(mode, sizeof mode, "%04o", entry->mode);                /* always fits */
	(void)snprintf(size, sizeof size, "%jd", (intmax_t)entry->size); /* always fits */
	mount = mount_make("tmpfs", options, entry->attributes & ~later, e);
	if (mount < 0)
		return -1;
	if (entry->copy_up && mounts_copy_up(c, entry, mount, e))
		return -1;
	if (later && mount_change(mount, entry->target, &change, e))
		return -1;
	target = beneath_make_folder(c->root, entry->target, 0755, e);
	return target < 0 ? -1 : mount_attach(mount, target, entry->target, e);
}

static bool is_empty_folder(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return entries;
}

static int take_source(struct child *c, const struct mount_entry *entry, struct error *e)
{
	const struct sources own = { .app_userns = -1, .shift_userns = -1, .volumes = c->volumes };

	if (entry->is_app_root)
		return take_fd(&c->app_root);
	return c->is_rootless ? source_mount(&own, entry, e) : child_take_mount(c, e);
}

/* Whether box's own /proc, /sys or /dev, or something below them, is there. An image names its volumes, and its links may lead them
 * anywhere; what box put there is not theirs to cover. */
static bool is_on_own_mount(struct child *c, int target)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };
	struct statfs fs;
	struct stat st, other;

	if (fstat(target, &st) || fstatfs(target, &fs))
		return true;
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC || fs.f_type == DEVPTS_SUPER_MAGIC ||
	    fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC)
		return true;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		autoclose int folder = beneath_try(c->root, own[i], O_PATH | O_NOFOLLOW, 0);

		if (folder >= 0 && fstat(folder, &other) == 0 && other.st_dev == st.st_dev)
			return true;
	}
	return false;
}

/* A bind mount or a volume: on a folder, or on a file where the source is one. */
static int mount_source(struct child *c, const struct mount_entry *entry, struct error *e)
{
	autoclose int mount = take_source(c, entry, e);
	const struct mount_change change = { .set = entry->attributes };
	autoclose int target = -1;
	struct stat st;

	if (mount < 0)
		return -1;
	if (fstat(mount, &st))
		return error_sys(e, "look at the source of %s", entry->target);
	if (entry->copy_up && is_empty_folder(mount) && mounts_copy_up(c, entry, mount, e))
		return -1;
	if (entry->copy_up && mount_change(mount, entry->target, &change, e))
		return -1;
	target = S_ISDIR(st.st_mode) ? beneath_make_folder(c->root, entry->target, 0755, e)
				     : beneath_make_file(c->root, entry->target, 0644, e);
	if (target < 0)
		return -1;
	if (entry->is_image_volume && is_on_own_mount(c, target)) {
		log_warning("the image's volume %s leads into what box mounted there, ignoring", entry->target);
		return 0;
	}
	if (mount_attach(mount, target, entry->target, e)) {
		if (e->sys == ENOTDIR)
			error_hint(e, "%s is a %s, and the image has the other kind at %s", entry->source,
				   S_ISDIR(st.st_mode) ? "folder" : "file", entry->target);
		return -1;
	}
	return 0;
}

static int mount_one(struct child *c, const struct mount_entry *entry, struct error *e)
{
	switch (entry->kind) {
	case MOUNT_PROC:
		return mount_proc(c, entry, e);
	case MOUNT_SYSFS:
		return mount_sysfs(c, entry, e);
	case MOUNT_DEV:
		return dev_mount(c, entry, e);
	case MOUNT_CGROUP:
		return cgroup_view_mount(c, entry, e);
	case MOUNT_TMPFS:
		return mount_tmpfs(c, entry, e);
	case MOUNT_BIND:
	case MOUNT_VOLUME:
		return mount_source(c, entry, e);
	case MOUNT_FILESYSTEM:
		break; /* OCI only (oci_mounts.c) */
	}
	return error_set(e, ERROR_INTERNAL, "mount kind %d", (int)entry->kind);
}

int step_mounts(struct child *c, struct error *e)
{
	for (size_t i = 0; i < c->container->mount_count; i++) {
		const struct mount_entry *entry = &c->container->mounts[i];

		if (mount_one(c, entry, e) == 0)
			continue;
		error_in(e, "mount %s", entry->target);
		return entry->field && !e->field[0] ? error_at(e, "%s", entry->field) : -1;
	}
	return 0;
}
