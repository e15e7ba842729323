/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_writable.c - the writable layer is made whole or not at all.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/id_map.h"
#include "base/text.h"
#include "runtime/storage/writable.h"
#include "tests/unit/base/scratch.h"

static struct id_map own_map(void)
{
	struct id_map map = { .uid_count = 1, .gid_count = 1 };

	map.uids[0] = (struct id_extent){ 0, geteuid(), 1 };
	map.gids[0] = (struct id_extent){ 0, getegid(), 1 };
	return map;
}

Test(writable, made_once_and_removed)
{
	SCRATCH();
	const struct id_map map = own_map();
	struct error e = { 0 };
	int fd = writable_make(scratch_folder.path, "web", &map, &e);

	cr_assert(fd >= 0, "%s", e.text);
	close(fd);
	cr_expect(has_file("containers/web/upper") && has_file("containers/web/work"));
	cr_expect_eq(writable_make(scratch_folder.path, "web", &map, &e), -1);
	cr_expect_eq(e.sys, EEXIST);
	cr_expect(has_file("containers/web/upper"), "another container's layer was removed");
	cr_expect_eq(writable_remove(scratch_folder.path, "web", &map, &e), 0);
	cr_expect_not(has_file("containers/web"));
}

/* On a file system with so many inodes, in a mount namespace of its own. 0: all was made; 1: nothing; anything else: a part. */
static int make_with_inodes(int inodes)
{
	autofree char *options = text_format("nr_inodes=%d,mode=0700", inodes);
	const struct id_map map = own_map();
	struct error e = { 0 };

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("tmpfs", "/mnt", "tmpfs", 0, options) ||
	    mkdir("/mnt/containers", 0700))
		return 2;
	if (writable_make("/mnt", "web", &map, &e) >= 0)
		return 0;
	return e.sys != ENOSPC ? 3 : has_file("/mnt/containers/web") ? 4 : 1;
}

Test(writable, a_full_disk_leaves_nothing)
{
	/* The root and "containers" take two. */
	static const int expected[] = { 1, 1, 1, 0 };

	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
	for (int i = 0; i < 4; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(make_with_inodes(2 + i));
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFEXITED(status));
		cr_expect_eq(WEXITSTATUS(status), expected[i], "%d more inodes: %d", i, WEXITSTATUS(status));
	}
}
