/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed.c - programs of box that run inside a container, out of its reach.
 *
 * What runs inside can be reopened by the app as /proc/PID/exe, and box itself runs inside for the moment
 * between joining and execve; an image whose shell is "#!/proc/self/exe" even makes it do so at will. As root
 * with a user namespace that is harmless: the program belongs to host root, whom the container does not have.
 * Without one, or where an ordinary user owns the program, the app could write to it. Two things have
 * nothing behind them that could be written:
 *
 * - A file of an overlay that has lower layers only. The kernel makes such a file system read-only for good, whatever is
 *   remounted, and no path leads from its files to those below. It is mounted nowhere, and goes with the last process
 *   that runs from it. That costs a tenth of a copy; runc does the same. Its bytes are those of the running program, which goes
 *   on from it in place (exchange.h); only where that is refused is it executed.
 * - A sealed memfd, which needs no privilege and no overlayfs. It is executed.
 */
#include "runtime/launch/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/launch/exchange.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20 /* Linux 6.3 */
#endif

static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

static int make_memfd(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int copy_sealed(const char *path, const char *name, struct error *e)
{
	autoclose int program = open(path, O_RDONLY | O_CLOEXEC);
	autoclose int copy = make_memfd(name);
	struct stat st;

	if (program < 0 || fstat(program, &st))
		return error_sys(e, "open %s", path);
	if (copy < 0)
		return error_sys(e, "make a memfd for %s", name);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t done = sendfile(copy, program, NULL, (size_t)left);

		if (done <= 0)
			return error_sys(e, "copy %s into a memfd", path);
		left -= done;
	}
	if (fchmod(copy, 0555))
		return error_sys(e, "make the memfd of %s executable", name);
	if (fcntl(copy, F_ADD_SEALS, seals | F_SEAL_EXEC) && fcntl(copy, F_ADD_SEALS, seals))
		return error_sys(e, "seal the memfd of %s", name);
	/* Asked again, because a memfd without MFD_ALLOW_SEALING refuses seals in a way that is easily overlooked. */
	if ((fcntl(copy, F_GET_SEALS) & seals) != seals)
		return error_set(e, ERROR_INTERNAL, "seal the memfd of %s: the seals did not hold", name);
	return take_fd(&copy);
}

int sealed_init_program(struct error *e)
{
	autofree char *path = places_helper("box-init", e);

	return path ? copy_sealed(path, "box-init", e) : -1;
}

/* Whether the file lies in an overlay that is read-only as a whole: the mount does not say so (overlay_of), and whose mount alone does,
 * that can be changed. */
static bool is_in_read_only_overlay(int file)
{
	char path[48];
	struct statfs fs;
	int written;

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file); /* always fits */
	if (fstatfs(file, &fs) || fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return false;
	written = open(path, O_WRONLY | O_CLOEXEC);
	if (written < 0)
		return errno == EROFS;
	close(written);
	return false;
}

static bool is_same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino && a.st_size == b.st_size &&
	       a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/* box's own folder as the only layer that counts. The kernel wants two: box's helpers are the other one. */
static int overlay_of(int folder, struct error *e)
{
	autoclose int other = openat(folder, "../libexec/box", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char layers[64];
	const struct mount_option options[] = { { "source", "box" }, { "lowerdir", layers }, { NULL, NULL } };

	if (other < 0)
		return error_sys(e, "open the folder of box's helpers");
	/* By descriptor: a path could hold the signs that overlayfs gives a meaning. */
	(void)snprintf(layers, sizeof layers, "/proc/self/fd/%d:/proc/self/fd/%d", folder, other); /* always fits */
	return mount_make("overlay", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
}

/* The mount of the overlay, while it has not been closed: its last close waits for all other processors (synchronize_rcu_expedited). */
static int overlay = -1;

void sealed_settle(void)
{
	if (overlay >= 0)
		close(take_fd(&overlay));
}

/* The program at path, behind an overlay: what this process goes on from. -1 where that cannot be, or cannot be proven. */
static int open_behind_overlay(const char *path, struct error *e)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	autofree char *folder_path = text_format("%.*s", (int)(name - path), path);
	autoclose int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	autoclose int folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int mount = -1, file = -1;

	if (self < 0 || folder < 0)
		return error_sys(e, "open the folder of box");
	mount = overlay_of(folder, e);
	if (mount < 0)
		return -1;
	file = openat(mount, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return error_sys(e, "open %s behind an overlay", name);
	if (!is_same_file(file, self) || !is_in_read_only_overlay(file))
		return error_set(e, ERROR_INTERNAL, "open %s behind an overlay: it is another file, or can be written", name);
	overlay = take_fd(&mount);
	return take_fd(&file);
}

/* Whether sealed_self executed this process: the host may run box from an overlay of its own, which it changes at will. A mount that is
 * attached nowhere has its files right below "/". */
static bool is_behind_own_overlay(int self)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);

	return getenv(PLACES_SELF) && length > 0 && !memchr(path + 1, '/', (size_t)length - 1) && is_in_read_only_overlay(self);
}

static bool is_sealed(void)
{
	autoclose int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int has = self >= 0 ? fcntl(self, F_GET_SEALS) : -1;

	return has >= 0 ? (has & seals) == seals : self >= 0 && is_behind_own_overlay(self);
}

/* 1: this process runs from the sealed file now. 0: *ret_file is one to execute. */
static int make_sealed(const char *path, int *ret_file, struct error *e)
{
	struct error refused = { 0 };
	autoclose int file = open_behind_overlay(path, &refused);

	if (file < 0) {
		log_debug("%s, so box runs from a copy in memory", refused.text);
		*ret_file = copy_sealed("/proc/self/exe", "box", e);
		return *ret_file < 0 ? -1 : 0;
	}
	if (exchange_program(file, &refused) == 0)
		return 1;
	log_debug("%s, so box starts once more", refused.text);
	*ret_file = take_fd(&file);
	return 0;
}

/* The words of our command line, from the kernel's own record of it. */
static int own_arguments(struct list *ret, struct error *e)
{
	autorelease(text) struct text bytes = { 0 };

	if (file_read(AT_FDCWD, "/proc/self/cmdline", 1 << 22, &bytes, e))
		return -1;
	for (size_t at = 0; at < bytes.length; at += strlen(bytes.data + at) + 1)
		list_add(ret, bytes.data + at);
	return ret->count ? 0 : error_set(e, ERROR_INTERNAL, "read /proc/self/cmdline: it is empty");
}

int sealed_self(bool has_user_namespace, struct error *e)
{
	autorelease(list) struct list args = { 0 };
	autoclose int copy = -1;
	char path[PATH_MAX];
	ssize_t length;
	struct stat st;
	int made;

	if (stat("/proc/self/exe", &st))
		return error_sys(e, "look at /proc/self/exe");
	if (has_user_namespace && (geteuid() == 0 || st.st_uid != geteuid()))
		return 0;
	if (is_sealed())
		return 0;
	length = readlink("/proc/self/exe", path, sizeof path - 1);
	if (length < 0)
		return error_sys(e, "read /proc/self/exe");
	path[length] = '\0';
	made = make_sealed(path, &copy, e);
	if (made < 0)
		return -1;
	/* The copy has no folder: places_helper needs to know where it came from. */
	if (setenv(PLACES_SELF, path, /* overwrite= */ 1))
		return error_sys(e, "remember where box lies");
	if (made)
		return 0;
	if (own_arguments(&args, e) || !args.items)
		return -1;
	(void)fexecve(copy, args.items, environ); /* errno says why */
	return error_sys(e, "execute the sealed copy of %s", path);
}
