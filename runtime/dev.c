/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.c - the container's own /dev: nodes, links, pts, shm, mqueue.
 *
 * A tmpfs that box fills before it is attached, so that nothing the image has under /dev is ever looked at
 * (CVE-2026-41579). Inside a user namespace nodes cannot be made, so the host's are bound, each checked by
 * its device number first: a source is as dangerous as a target (CVE-2025-31133).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "runtime/steps.h"
#include "specs/container.h"

/* Linux' list of devices, Documentation/admin-guide/devices.txt. */
static const struct node {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct link {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },         { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },   { "ptmx", "pts/ptmx" },
};

/* Binds the host node at the opened source onto the new empty file name of folder. */
static int bind_node(int folder, const char *name, int source, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .propagation = MS_PRIVATE };
	autoclose int mount = mount_clone(source, "", /* recursive= */ false, e);
	autoclose int target = -1;

	if (mount < 0 || mount_change(mount, name, &change, e))
		return -1;
	if (mknodat(folder, name, S_IFREG | 0666, 0))
		return error_sys(e, "make a place for device %s", name);
	target = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_sys(e, "open the place for device %s", name);
	return mount_attach(mount, target, name, e);
}

static int add_node(struct child *c, int folder, const struct node *node, struct error *e)
{
	autoclose int source = -1;
	char path[32];
	struct stat st;

	if (!container_has_namespace(c->container, NAMESPACE_USER) && !c->is_rootless) {
		if (mknodat(folder, node->name, S_IFCHR | 0666, makedev(node->major, node->minor)) ||
		    fchmodat(folder, node->name, 0666, 0))
			return error_sys(e, "make device %s", node->name);
		return 0;
	}
	(void)snprintf(path, sizeof path, "/dev/%s", node->name); /* always fits */
	source = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (source < 0 || fstat(source, &st))
		return error_sys(e, "open the host's %s", path);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(node->major, node->minor))
		return error_set(e, ERROR_DENIED, "use the host's %s: it is not character device %u:%u", path, node->major,
				 node->minor);
	return bind_node(folder, node->name, source, e);
}

/* A new file system of its own on the new folder name. Returns the mount where ret asks for it. */
static int add_mount(int folder, const char *name, const char *type, const struct mount_option *options, uint64_t attributes,
		     int *ret, struct error *e)
{
	autoclose int mount = mount_make(type, options, attributes, e);
	autoclose int target = -1;

	if (mount < 0)
		return -1;
	if (mkdirat(folder, name, 0755))
		return error_sys(e, "make folder %s", name);
	target = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_sys(e, "open folder %s", name);
	if (mount_attach(mount, target, name, e))
		return -1;
	if (ret)
		*ret = take_fd(&mount);
	return 0;
}

static int add_mounts(struct child *c, int folder, const struct mount_entry *entry, struct error *e)
{
	const struct mount_option pts[] = {
		{ "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" }, { c->has_tty_group ? "gid" : NULL, "5" }, { NULL, NULL }
	};
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	struct mount_option shm[] = { { "mode", "1777" }, { "size", NULL }, { NULL, NULL } };
	char size[32];

	(void)snprintf(size, sizeof size, "%jd", (intmax_t)(entry->size == LIMIT_UNSET ? 64 << 20 : entry->size)); /* always fits */
	shm[1].value = size;
	if (add_mount(folder, "pts", "devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &c->pts, e))
		return -1;
	if (add_mount(folder, "shm", "tmpfs", shm, attributes, NULL, e))
		return -1;
	return add_mount(folder, "mqueue", "mqueue", NULL, attributes, NULL, e);
}

int dev_mount(struct child *c, const struct mount_entry *entry, struct error *e)
{
	static const struct mount_option options[] = { { "mode", "0755" }, { "size", "1m" }, { NULL, NULL } };
	autoclose int mount = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	if (mount < 0)
		return -1;
	/* Attached before it is filled: kernels before 6.15 do not mount on a detached mount. The descriptor
	 * leads to the tmpfs itself. */
	if (root_attach_top(c, mount, entry->target, e))
		return -1;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (add_node(c, mount, &nodes[i], e))
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, mount, links[i].name))
			return error_sys(e, "make link /dev/%s", links[i].name);
	return add_mounts(c, mount, entry, e);
}

/* One device of the spec. As root in the host's user namespace the node is made, else the host's is bound. */
static int add_device(struct child *c, const struct device_entry *device, struct error *e)
{
	autoclose int source = open(device->source, O_PATH | O_CLOEXEC);
	autoclose int mount = -1, target = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st))
		return error_sys(e, "open the device %s", device->source);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set(e, ERROR_SPEC, "use %s as a device: it is none", device->source);
	mount = mount_clone(source, "", /* recursive= */ false, e);
	if (mount < 0)
		return -1;
	target = beneath_make_file(c->root, device->target, 0644, e);
	return target < 0 ? -1 : mount_attach(mount, target, device->target, e);
}

int step_devices(struct child *c, struct error *e)
{
	for (size_t i = 0; i < c->container->device_count; i++)
		if (add_device(c, &c->container->devices[i], e)) {
			error_in(e, "add device %s", c->container->devices[i].target);
			return error_at(e, "%s", c->container->devices[i].field ? c->container->devices[i].field : "devices");
		}
	return 0;
}
