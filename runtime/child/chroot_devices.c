/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_devices.c - /dev, /proc and /sys of a container whose root is a chroot.
 *
 * Docker's containers may make nodes and mount nothing; podman's may have a user namespace, mount there what they see, and make no nodes.
 */
#include "runtime/child/chroot_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/steps.h"

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = { { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };

static const struct {
	const char *name, *target;
} links[] = { { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" } };

static int make_node(int folder, size_t number, struct error *e)
{
	const char *name = nodes[number].name;
	mode_t mask = umask(0);
	int result = mknodat(folder, name, S_IFCHR | 0666, makedev(nodes[number].major, nodes[number].minor));

	if (result && errno == EPERM)
		result = mknodat(folder, name, S_IFREG | 0666, 0);
	(void)umask(mask); /* returns what was set */
	return result ? error_sys(e, "make /dev/%s", name) : 0;
}

int chroot_devices_make(int folder, struct error *e)
{
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (make_node(folder, i, e))
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, folder, links[i].name))
			return error_sys(e, "make /dev/%s", links[i].name);
	if (mkdirat(folder, "shm", 0700) || fchmodat(folder, "shm", 01777, 0))
		return error_sys(e, "make /dev/shm");
	return 0;
}

/* Shows path of this container at the same path of the root. Folders are only to be read: the step's root is this container's root, and
 * perhaps the host's, whose settings /proc/sys and /sys are. */
static int show(struct child *c, const char *path, bool is_folder, struct error *e)
{
	const struct mount_change read_only = { .recursive = true, .set = MOUNT_ATTR_RDONLY };
	autoclose int target = beneath_open(c->root, path, O_PATH | O_NOFOLLOW | (is_folder ? O_DIRECTORY : 0), 0, e);
	autoclose int mount = target < 0 ? -1 : mount_clone(AT_FDCWD, path, is_folder, e);

	return mount < 0 || (is_folder && mount_change(mount, path, &read_only, e)) || mount_attach(mount, target, path, e)
		       ? error_in(e, "show %s", path) : 0;
}

static bool has_null(struct child *c)
{
	autoclose int fd = beneath_try(c->root, "/dev/null", O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode);
}

int chroot_devices_mount(struct child *c, struct error *e)
{
	if (!c->can_mount && has_null(c))
		return 0;
	if (!c->can_mount) {
		error_set(e, ERROR_UNSUPPORTED, "make /dev/null: this container may neither make device nodes nor mount anything");
		return error_hint(e, "give it the capability MKNOD, or let it have user namespaces");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "keep mounts to this step");
	if (show(c, "/proc", /* is_folder= */ true, e) || show(c, "/sys", /* is_folder= */ true, e))
		return -1;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		autofree char *path = text_format("/dev/%s", nodes[i].name);

		if (show(c, path, /* is_folder= */ false, e))
			return -1;
	}
	return 0;
}
