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
#include "base/text.h"
#include "runtime/child/steps.h"
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

/* A node with that very mode, at once: nothing looks the name up again, which a peer who shares the folder may have exchanged for a link
 * to a file of the host by then. */
static int make_exactly(int folder, const char *name, mode_t mode, dev_t device)
{
	mode_t before = umask(0);
	int result = mknodat(folder, name, mode, device);

	umask(before); /* leaves errno alone */
	return result;
}

static int add_node(struct child *c, int folder, const struct node *node, struct error *e)
{
	autoclose int source = -1;
	char path[32];
	struct stat st;

	if (!container_has_namespace(c->container, NAMESPACE_USER) && !c->is_rootless) {
		if (make_exactly(folder, node->name, S_IFCHR | 0666, makedev(node->major, node->minor)) == 0)
			return 0;
		/* Root of somebody else's user namespace (podman without root) may not. */
		if (errno != EPERM)
			return error_sys(e, "make device %s", node->name);
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

static bool is_node(const struct stat *st, mode_t type, dev_t device)
{
	return (st->st_mode & S_IFMT) == type && (type == S_IFIFO || st->st_rdev == device);
}

/* A bundle may bring a /dev of its own, with nodes that an earlier start has made. */
static bool is_there(int folder, const char *name, mode_t type, dev_t device)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_node(&st, type, device);
}

static mode_t node_type(const struct node_entry *node)
{
	return node->type == 'b' ? S_IFBLK : node->type == 'p' ? S_IFIFO : S_IFCHR;
}

/* The host's node of the same path, where none can be made: checked by its number, whatever lies there. */
static int bind_host_node(int parent, const char *name, const struct node_entry *node, struct error *e)
{
	autoclose int source = open(node->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (source < 0 || fstat(source, &st))
		return error_sys(e, "open the host's %s", node->path);
	if ((st.st_mode & S_IFMT) != node_type(node) || st.st_rdev != makedev(node->major, node->minor))
		return error_set(e, ERROR_DENIED, "use the host's %s: it is not device %c %u:%u", node->path, node->type, node->major,
				 node->minor);
	return bind_node(parent, name, source, e);
}

/* By a descriptor of what was made, which is looked at: as for make_exactly, the name may lead elsewhere by now. */
static int give_node(int parent, const char *name, const struct node_entry *node, struct error *e)
{
	autoclose int made = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (made < 0 || fstat(made, &st))
		return error_sys(e, "open the new device %s", node->path);
	if (!is_node(&st, node_type(node), makedev(node->major, node->minor)))
		return error_set(e, ERROR_DENIED, "set the owner of device %s: somebody has put something else there", node->path);
	return fchownat(made, "", node->uid, node->gid, AT_EMPTY_PATH) ? error_sys(e, "set the owner of device %s", node->path) : 0;
}

static int make_node(struct child *c, const struct node_entry *node, struct error *e)
{
	dev_t device = makedev(node->major, node->minor);
	autoclose int parent = -1;
	char name[256];

	parent = beneath_parent(c->root, node->path, name, e);
	if (parent < 0 && e->sys == ENOENT) {
		autofree char *folder = text_format("%.*s", (int)(strrchr(node->path, '/') - node->path), node->path);
		autoclose int made = -1;

		error_clear(e);
		made = beneath_make_folder(c->root, folder, 0755, e);
		parent = made < 0 ? -1 : beneath_parent(c->root, node->path, name, e);
	}
	if (parent < 0)
		return -1;
	if (is_there(parent, name, node_type(node), device))
		return 0;
	if (make_exactly(parent, name, node_type(node) | node->mode, device) == 0)
		return give_node(parent, name, node, e);
	if (errno != EPERM)
		return error_sys(e, "make device %s", node->path);
	return bind_host_node(parent, name, node, e);
}

static int fill_dev(struct child *c, int folder, struct error *e)
{
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (!is_there(folder, nodes[i].name, S_IFCHR, makedev(nodes[i].major, nodes[i].minor)) &&
		    add_node(c, folder, &nodes[i], e))
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, folder, links[i].name) && errno != EEXIST)
			return error_sys(e, "make link /dev/%s", links[i].name);
	/* What Docker and runc have: the kernel's memory, which the masks hide again. */
	if (symlinkat("/proc/kcore", folder, "core") && errno != EEXIST)
		return error_sys(e, "make link /dev/core");
	return 0;
}

/* The host's own /dev, bound by the engine (a privileged pod): nothing is to be made in it. */
static bool has_bound_dev(const struct container *container)
{
	for (size_t i = 0; i < container->mount_count; i++)
		if (container->mounts[i].kind == MOUNT_BIND && strcmp(container->mounts[i].target, "/dev") == 0)
			return true;
	return false;
}

int step_oci_devices(struct child *c, struct error *e)
{
	const struct oci_part *oci = c->container->oci;
	autoclose int folder = -1;

	if (has_bound_dev(c->container))
		return 0;
	folder = root_real_folder(c, "/dev", e);
	if (folder < 0 || fill_dev(c, folder, e))
		return -1;
	/* As for runc, ptmx is the link into the container's own pts, whatever the list says. */
	for (size_t i = 0; i < oci->node_count; i++)
		if (strcmp(oci->nodes[i].path, "/dev/ptmx") != 0 && make_node(c, &oci->nodes[i], e))
			return oci->nodes[i].field ? error_at(e, "%s", oci->nodes[i].field) : -1;
	return 0;
}
