/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_beneath.c - hostile paths: no link, no "..", no race leads out of the root.
 *
 * Each test has a folder "root" (what a container sees) beside "secret" (what it must not reach).
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/base/scratch.h"

static int make_world(void)
{
	int fd;

	cr_assert_eq(mkdir("root", 0755) | mkdir("root/etc", 0755) | mkdir("root/a", 0755) | mkdir("root/a/b", 0755), 0);
	cr_assert_eq(mkdir("secret", 0755), 0);
	put("secret/file", "secret");
	put("root/etc/passwd", "inside");
	fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert(fd >= 0);
	return fd;
}

static void expect_content(int root, const char *path, const char *expected)
{
	struct error e = { 0 };
	char buffer[64] = "";
	autoclose int fd = beneath_open(root, path, O_RDONLY, 0, &e);

	cr_assert(fd >= 0, "%s: %s", path, e.text);
	cr_expect(read(fd, buffer, sizeof(buffer) - 1) >= 0);
	cr_expect_str_eq(buffer, expected, "%s holds \"%s\"", path, buffer);
}

Test(beneath, paths_stay_inside)
{
	SCRATCH();
	autoclose int root = make_world();

	expect_content(root, "etc/passwd", "inside");
	expect_content(root, "/etc/passwd", "inside");
	expect_content(root, "../../../../etc/passwd", "inside");
	expect_content(root, "/a/b/../../../../../etc/passwd", "inside");
}

Test(beneath, links_resolve_inside)
{
	SCRATCH();
	autoclose int root = make_world();
	autofree char *outside = text_format("%s/secret", scratch_folder.path);

	cr_assert_eq(symlink("/etc/passwd", "root/absolute"), 0);
	cr_assert_eq(symlink("../../../../../../../etc/passwd", "root/a/relative"), 0);
	cr_assert_eq(symlink(outside, "root/out"), 0);
	cr_assert_eq(symlink("/", "root/top"), 0);
	expect_content(root, "absolute", "inside");
	expect_content(root, "a/relative", "inside");
	expect_content(root, "top/top/top/etc/passwd", "inside");
	cr_expect_eq(beneath_try(root, "out/file", O_RDONLY, 0), -1, "an absolute link led out");
	cr_expect_eq(errno, ENOENT);
}

Test(beneath, magic_links_are_refused)
{
	autoclose int root = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (const char *const *path = (const char *const[]){ "self/root", "self/cwd", "self/exe", "self/fd/0", "self/root/etc/passwd",
							      "self/ns/mnt", NULL };
	     *path; path++) {
		cr_expect_eq(beneath_try(root, *path, O_PATH, 0), -1, "%s was followed", *path);
		cr_expect(errno == ELOOP || errno == EXDEV, "%s: errno %d", *path, errno);
	}
}

Test(beneath, loops_of_links_end)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };

	cr_assert_eq(symlink("two", "root/one") | symlink("one", "root/two"), 0);
	cr_expect_eq(beneath_open(root, "one", O_RDONLY, 0, &e), -1);
	cr_expect_eq(e.sys, ELOOP);
	cr_expect_eq(beneath_make_folder(root, "one/x", 0755, &e), -1);
	cr_expect_eq(beneath_make_file(root, "one", 0644, &e), -1);
}

Test(beneath, open_is_close_on_exec_and_names_the_path)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };
	autoclose int fd = beneath_open(root, "etc", O_PATH | O_DIRECTORY, 0, &e);

	cr_assert(fd >= 0);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_expect_eq(beneath_open(root, "etc/nothing", O_RDONLY, 0, &e), -1);
	cr_expect(strstr(e.text, "etc/nothing") && strstr(e.text, "ENOENT"), "%s", e.text);
}

Test(beneath, make_folder)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };
	struct stat st;

	for (const char *const *path = (const char *const[]){ "x/y/z", "/x/y/z", "x//y/./z/", "/etc", "n", "/", ".", NULL }; *path; path++) {
		int fd = beneath_make_folder(root, *path, 0755, &e);

		cr_expect(fd >= 0, "%s: %s", *path, e.text);
		if (fd >= 0)
			close(fd);
	}
	cr_expect(stat("root/x/y/z", &st) == 0 && S_ISDIR(st.st_mode));
	cr_expect(stat("root/n", &st) == 0 && (st.st_mode & 07777) == 0755);
	cr_expect_eq(beneath_make_folder(root, "etc/passwd/x", 0755, &e), -1);
	cr_expect_eq(e.sys, ENOTDIR);
}

Test(beneath, make_folder_through_links_stays_inside)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };
	int fd;

	cr_assert_eq(symlink("/a/b", "root/inner"), 0);
	cr_assert_eq(symlink("../../../secret", "root/out"), 0);
	cr_assert_eq(symlink("/nowhere", "root/dangling"), 0);
	fd = beneath_make_folder(root, "inner/new", 0755, &e);
	cr_expect(fd >= 0, "%s", e.text);
	close(fd);
	cr_expect(has_file("root/a/b/new"));
	/* What these links name inside the root does not exist: refused, and nothing appears outside. */
	cr_expect_eq(beneath_make_folder(root, "out/new", 0755, &e), -1);
	cr_expect_eq(beneath_make_folder(root, "dangling", 0755, &e), -1);
	cr_expect_eq(beneath_make_folder(root, "fresh/../../x", 0755, &e), -1);
	cr_expect_not(has_file("secret/new"));
	cr_expect_not(has_file("x"));
	cr_expect_not(has_file("/nowhere"));
}

Test(beneath, make_file)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };
	struct stat st;
	int fd;

	cr_assert_eq(symlink("../../secret/new", "root/etc/planted"), 0);
	fd = beneath_make_file(root, "deep/er/file", 0640, &e);
	cr_assert(fd >= 0, "%s", e.text);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_expect(S_ISREG(st.st_mode) && st.st_size == 0);
	close(fd);
	/* What exists is taken as it is, a folder too. */
	fd = beneath_make_file(root, "etc/passwd", 0640, &e);
	cr_expect(fd >= 0);
	close(fd);
	expect_content(root, "etc/passwd", "inside");
	/* A link to nothing is not created through. */
	fd = beneath_make_file(root, "etc/planted", 0640, &e);
	if (fd >= 0)
		close(fd);
	cr_expect_not(has_file("secret/new"), "a file was made through a link, outside");
	cr_expect_not(has_file("root/secret"));
}

Test(beneath, parent_and_name)
{
	SCRATCH();
	autoclose int root = make_world();
	struct error e = { 0 };
	char name[256], big[300];
	struct stat found, wanted;
	int fd = beneath_parent(root, "/a/b/new/", name, &e);

	cr_assert(fd >= 0, "%s", e.text);
	cr_expect_str_eq(name, "new");
	cr_expect(fstat(fd, &found) == 0 && stat("root/a/b", &wanted) == 0 && found.st_ino == wanted.st_ino);
	close(fd);
	fd = beneath_parent(root, "top", name, &e);
	cr_expect(fd >= 0 && strcmp(name, "top") == 0);
	close(fd);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (const char *const *bad = (const char *const[]){ "", "/", ".", "..", "a/..", "a/.", "a/../", big, "none/x", NULL }; *bad; bad++)
		cr_expect_eq(beneath_parent(root, *bad, name, &e), -1, "\"%s\" was taken", *bad);
}

/* Swaps root/a/b (a folder) and root/swap (a link to the outside) as fast as it can, until it is killed. */
static _Noreturn void swap_for_ever(void)
{
	for (;;)
		(void)syscall(SYS_renameat2, AT_FDCWD, "root/a/b", AT_FDCWD, "root/swap", 2 /* RENAME_EXCHANGE */);
}

Test(beneath, a_race_of_renames_leads_nowhere, .timeout = 20)
{
	SCRATCH();
	autoclose int root = make_world();
	autofree char *outside = text_format("%s/secret", scratch_folder.path);
	struct timespec start, now;
	int inside = 0, refused = 0;
	pid_t swapper;

	put("root/a/b/file", "inside");
	cr_assert_eq(symlink(outside, "root/swap"), 0);
	swapper = fork();
	if (swapper == 0)
		swap_for_ever();
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		char buffer[16] = "";
		int fd = beneath_try(root, "a/b/../b/file", O_RDONLY, 0);

		if (fd < 0) {
			refused++;
		} else {
			cr_assert(read(fd, buffer, sizeof(buffer) - 1) > 0);
			close(fd);
			if (strcmp(buffer, "inside") != 0)
				break;
			inside++;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 2);
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	cr_expect(now.tv_sec - start.tv_sec >= 2, "the secret was read after %d good and %d refused looks", inside, refused);
	cr_expect(inside > 0, "not one look succeeded");
}
