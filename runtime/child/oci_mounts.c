/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_mounts.c - the mounts of an OCI configuration, in the order of its list.
 *
 * What was said for box's own mounts (mounts.c) holds here: made detached, with their attributes, and moved onto a target that was
 * opened below the root without leaving it. Nothing but a procfs comes to lie on /proc, and below it only on the files that tools
 * replace (lxcfs): box and what runs inside write to what they believe is the kernel's (CVE-2019-16884, CVE-2025-52881).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/sources.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* As runc: files that lxcfs and the like show their own version of. */
static const char *const replaceable[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
	"/proc/slabinfo", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
};

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int check_target(const struct mount_entry *entry, int mount, int target, struct error *e)
{
	if (strcmp(entry->target, "/proc") == 0 && !is_procfs(mount))
		return error_set(e, ERROR_SPEC, "mount on /proc: only a procfs may lie there");
	if (!is_procfs(target) || is_procfs(mount))
		return 0;
	for (size_t i = 0; i < sizeof replaceable / sizeof *replaceable; i++)
		if (strcmp(entry->target, replaceable[i]) == 0)
			return 0;
	return error_set(e, ERROR_SPEC, "mount on %s: it is inside of /proc", entry->target);
}

int root_real_folder(struct child *c, const char *target, struct error *e)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	autoclose int made = beneath_make_folder(c->root, target, 0755, e);
	int fd;

	if (made < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, c->root, target, &how, sizeof how);
	/* ENOTDIR: the last name is the link. */
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return error_set(e, ERROR_IMAGE, "mount on %s: the root folder has a link there instead of a folder", target);
	return fd < 0 ? error_sys(e, "open %s in the root", target) : fd;
}

static int open_target(struct child *c, const struct mount_entry *entry, int mount, struct error *e)
{
	struct stat st;

	if (entry->kind == MOUNT_PROC || entry->kind == MOUNT_SYSFS || strcmp(entry->target, "/dev") == 0)
		return root_real_folder(c, entry->target, e);
	if (fstat(mount, &st))
		return error_sys(e, "look at what is to be mounted on %s", entry->target);
	return S_ISDIR(st.st_mode) ? beneath_make_folder(c->root, entry->target, 0755, e)
				   : beneath_make_file(c->root, entry->target, 0644, e);
}

/* The ways to note access times are one value to the kernel, of which all bits go before one comes. */
static uint64_t cleared(uint64_t said, uint64_t attributes)
{
	return (said & ~attributes) | (said & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0);
}

/* What holds for the mount and all below it, and how mounts spread. */
static int change_attached(int mount, const struct mount_entry *entry, struct error *e)
{
	const struct mount_change recursive = { .set = entry->recursive_attributes,
						.clear = cleared(entry->recursive_said, entry->recursive_attributes), .recursive = true };
	const struct mount_change propagation = { .propagation = entry->propagation & ~(unsigned long)MS_REC,
						  .recursive = entry->propagation & MS_REC };

	if (entry->kind != MOUNT_BIND && entry->recursive_said && mount_change(mount, entry->target, &recursive, e))
		return -1;
	return entry->propagation ? mount_change(mount, entry->target, &propagation, e) : 0;
}

/* The options of the list as the mount API wants them; words is what they lie in. */
static struct mount_option *split_options(struct child *c, const struct mount_entry *entry, struct list *words)
{
	struct mount_option *options = alloc_zeroed(entry->data.count + 4, sizeof *options);
	const char *label = c->container->oci->mount_label;
	size_t count = 0;

	list_copy(words, &entry->data);
	for (size_t i = 0; i < words->count; i++) {
		char *value = strchr(words->items[i], '=');

		if (value)
			*value++ = '\0';
		options[count++] = (struct mount_option){ words->items[i], value };
	}
	if (label && *label && access("/sys/fs/selinux", F_OK) == 0)
		options[count++] = (struct mount_option){ "context", label };
	if (entry->source && *entry->source)
		options[count++] = (struct mount_option){ "source", entry->source };
	if (entry->attributes & MOUNT_ATTR_RDONLY && !entry->copy_up && entry->kind == MOUNT_FILESYSTEM)
		options[count] = (struct mount_option){ "ro", NULL };
	return options;
}

static int make_filesystem(struct child *c, const struct mount_entry *entry, const char *type, struct error *e)
{
	uint64_t later = entry->copy_up ? entry->attributes & MOUNT_ATTR_RDONLY : 0;
	const struct mount_change change = { .set = later };
	autorelease(list) struct list words = { 0 };
	autofree struct mount_option *options = split_options(c, entry, &words);
	autoclose int mount = mount_make(type, options, entry->attributes & ~later, e);

	if (mount < 0 || (entry->copy_up && mounts_copy_up(c, entry, mount, e)) || (later && mount_change(mount, entry->target, &change, e)))
		return -1;
	return take_fd(&mount);
}

/* A new sysfs shows a network namespace, and only its owner may mount it; the host's own is what is there otherwise. */
static int make_sysfs(struct child *c, const struct mount_entry *entry, struct error *e)
{
	const struct mount_change change = { .set = entry->attributes, .propagation = MS_PRIVATE, .recursive = true };
	struct error refused = { 0 };
	autoclose int mount = make_filesystem(c, entry, "sysfs", &refused);

	if (mount >= 0)
		return take_fd(&mount);
	if (refused.sys != EPERM) {
		*e = refused;
		return -1;
	}
	mount = mount_clone(AT_FDCWD, "/sys", /* recursive= */ true, e);
	return mount < 0 || mount_change(mount, "/sys", &change, e) ? -1 : take_fd(&mount);
}

static int take_bind(struct child *c, const struct mount_entry *entry, struct error *e)
{
	const struct sources own = { .app_userns = -1, .shift_userns = -1, .is_oci = true };

	return c->is_rootless ? source_mount(&own, entry, e) : child_take_mount(c, e);
}

static int make_one(struct child *c, const struct mount_entry *entry, struct error *e)
{
	if (entry->kind == MOUNT_BIND)
		return take_bind(c, entry, e);
	if (entry->kind == MOUNT_SYSFS)
		return make_sysfs(c, entry, e);
	return make_filesystem(c, entry, entry->kind == MOUNT_PROC ? "proc" : entry->type, e);
}

/* "remount": other attributes for what is mounted there. */
static int change_existing(struct child *c, const struct mount_entry *entry, struct error *e)
{
	const struct mount_change change = { .set = entry->attributes & entry->attributes_said,
					     .clear = cleared(entry->attributes_said, entry->attributes) };
	autoclose int target = beneath_open(c->root, entry->target, O_PATH, 0, e);

	return target < 0 || mount_change(target, entry->target, &change, e) ? -1 : change_attached(target, entry, e);
}

static int mount_one(struct child *c, const struct mount_entry *entry, struct error *e)
{
	autoclose int mount = -1, target = -1;

	if (entry->is_remount)
		return change_existing(c, entry, e);
	if (entry->kind == MOUNT_CGROUP)
		return cgroup_view_mount(c, entry, e);
	mount = make_one(c, entry, e);
	if (mount < 0)
		return -1;
	target = open_target(c, entry, mount, e);
	if (target < 0 || check_target(entry, mount, target, e) || mount_attach(mount, target, entry->target, e))
		return -1;
	return change_attached(mount, entry, e);
}

int step_oci_mounts(struct child *c, struct error *e)
{
	for (size_t i = 0; i < c->container->mount_count; i++) {
		const struct mount_entry *entry = &c->container->mounts[i];

		if (mount_one(c, entry, e) == 0)
			continue;
		error_in(e, "mount %s on %s", entry->source ? entry->source : entry->type ? entry->type : "nothing", entry->target);
		return entry->field && !e->field[0] ? error_at(e, "%s", entry->field) : -1;
	}
	return 0;
}
