/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mountapi.c - mounts as descriptors. Each test works in a mount namespace of its own.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/mountapi.h"
#include "tests/unit/base/scratch.h"

/* Before SCRATCH: a skipped test does not come to its end, where the folder is removed. */
static void need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
}

static void own_mounts(void)
{
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "unshare: %m");
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

Test(mountapi, make_and_attach)
{
	need_root();
	SCRATCH();
	const struct mount_option options[] = { { "size", "1048576" }, { "mode", "0750" }, { 0 } };
	autoclose int mount_fd = -1;
	autoclose int target = -1;
	struct statvfs vfs;
	struct error e = { 0 };
	struct stat st;

	own_mounts();
	cr_assert_eq(mkdir("t", 0700), 0);
	mount_fd = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &e);
	cr_assert(mount_fd >= 0, "%s", e.text);
	cr_expect(fcntl(mount_fd, F_GETFD) & FD_CLOEXEC);
	target = open("t", O_PATH | O_CLOEXEC);
	cr_assert_eq(mount_attach(mount_fd, target, "/t", &e), 0, "%s", e.text);
	cr_assert(stat("t", &st) == 0 && statvfs("t", &vfs) == 0);
	cr_expect_eq(st.st_mode & 07777, 0750);
	cr_expect_eq(vfs.f_blocks * vfs.f_frsize, 1048576);
	cr_expect((vfs.f_flag & ST_NOSUID) && (vfs.f_flag & ST_NODEV));
	cr_expect_eq(umount2("t", MNT_DETACH), 0);
}

Test(mountapi, errors_name_the_option)
{
	need_root();
	const struct mount_option bad[] = { { "no_such_option", "1" }, { 0 } };
	struct error e = { 0 };

	own_mounts();
	cr_expect_eq(mount_make("tmpfs", bad, 0, &e), -1);
	cr_expect(strstr(e.text, "tmpfs") && strstr(e.text, "no_such_option"), "%s", e.text);
	cr_expect_eq(mount_make("no-such-type", NULL, 0, &e), -1);
	cr_expect(strstr(e.text, "no-such-type"), "%s", e.text);
}

Test(mountapi, clone_and_change_read_only)
{
	need_root();
	SCRATCH();
	const struct mount_change change = { .set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE, .recursive = true };
	autoclose int clone = -1;
	struct error e = { 0 };

	own_mounts();
	cr_assert_eq(mkdir("d", 0755) | mkdir("d/sub", 0755), 0);
	cr_assert_eq(mount("none", "d/sub", "tmpfs", 0, NULL), 0);
	put("d/f", "x");
	put("d/sub/f", "y");
	clone = mount_clone(AT_FDCWD, "d", true, &e);
	cr_assert(clone >= 0, "%s", e.text);
	cr_assert_eq(mount_change(clone, "/d", &change, &e), 0, "%s", e.text);
	/* Sub-mounts came along, and are read-only too. */
	cr_expect_eq(openat(clone, "f", O_WRONLY | O_CLOEXEC), -1);
	cr_expect_eq(errno, EROFS);
	cr_expect_eq(openat(clone, "sub/f", O_WRONLY | O_CLOEXEC), -1);
	cr_expect_eq(errno, EROFS);
	/* The original is as it was. */
	put("d/f", "z");
	put("d/sub/f", "z");
	cr_expect_eq(umount2("d/sub", MNT_DETACH), 0);
}

Test(mountapi, clone_of_nothing)
{
	struct error e = { 0 };

	cr_expect_eq(mount_clone(AT_FDCWD, "/no/such/folder", true, &e), -1);
	cr_expect(strstr(e.text, "/no/such/folder"), "%s", e.text);
}

Test(mountapi, attach_to_a_file)
{
	need_root();
	SCRATCH();
	autoclose int clone = -1;
	autoclose int target = -1;
	struct error e = { 0 };
	char buffer[8] = "";
	int fd;

	own_mounts();
	put("source", "source");
	put("target", "target");
	clone = mount_clone(AT_FDCWD, "source", false, &e);
	cr_assert(clone >= 0, "%s", e.text);
	target = open("target", O_PATH | O_CLOEXEC);
	cr_assert_eq(mount_attach(clone, target, "target", &e), 0, "%s", e.text);
	fd = open("target", O_RDONLY | O_CLOEXEC);
	cr_expect(read(fd, buffer, 6) == 6);
	cr_expect_str_eq(buffer, "source");
	close(fd);
	cr_expect_eq(umount2("target", MNT_DETACH), 0);
}
