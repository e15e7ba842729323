/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_file.c - whole files and folders, and what must never happen to them.
 */
#include <errno.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/base/scratch.h"

Test(file, read_whole_and_bounded)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };

	put("f", "hello");
	text_add(&content, "> ");
	cr_assert_eq(file_read(scratch, "f", 5, &content, &e), 0, "%s", e.text);
	cr_expect_str_eq(content.data, "> hello");
	cr_assert_eq(file_read(scratch, "f", 4, &content, &e), -1);
	cr_expect(strstr(e.text, "f") && strstr(e.text, "4 bytes"), "%s", e.text);
	cr_assert_eq(file_read(scratch, "missing", 4, &content, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
}

Test(file, read_refuses_what_is_no_file, .timeout = 5)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };

	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_expect_eq(file_read(scratch, "fifo", 100, &content, &e), -1, "a FIFO was read");
	cr_expect_eq(file_read(AT_FDCWD, "/dev/zero", 100, &content, &e), -1, "/dev/zero was read");
	cr_expect_eq(file_read(scratch, ".", 100, &content, &e), -1, "a folder was read");
	cr_expect_eq(content.length, 0);
}

Test(file, read_fd_to_the_end)
{
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(write_all(ends[1], "abc", 3), 0);
	close(ends[1]);
	cr_expect_eq(file_read_fd(ends[0], "pipe", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "abc");
	close(ends[0]);
}

Test(file, poke_writes_and_never_creates)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };

	put("f", "old!");
	cr_expect_eq(file_poke(scratch, "f", "new"), 0);
	cr_assert_eq(file_read(scratch, "f", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "new!");
	cr_expect_eq(file_poke(scratch, "missing", "x"), -1);
	cr_expect_eq(errno, ENOENT);
	cr_expect_not(has_file("missing"));
}

Test(file, replace_is_one_step)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	struct error e = { 0 };
	struct stat st;
	autoclose int before = -1;

	put("victim", "keep");
	put("f", "old");
	before = open("f", O_RDONLY | O_CLOEXEC);
	umask(077);
	cr_assert_eq(file_replace(scratch, "f", "fresh", 5, 0644, &e), 0, "%s", e.text);
	cr_assert_eq(stat("f", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0644, "the umask changed the mode");
	cr_assert_eq(file_read(scratch, "f", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "fresh");
	text_clear(&content);
	cr_assert_eq(file_read_fd(before, "f", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "old", "a reader of the old file saw the new one");
	/* A link at the name is replaced, not followed. */
	cr_assert_eq(symlink("victim", "link"), 0);
	cr_assert_eq(file_replace(scratch, "link", "x", 1, 0600, &e), 0);
	text_clear(&content);
	cr_assert_eq(file_read(scratch, "victim", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "keep");
	/* A failure leaves nothing: the name is a folder. */
	cr_assert_eq(mkdir("folder", 0700), 0);
	cr_expect_eq(file_replace(scratch, "folder", "x", 1, 0600, &e), -1);
	cr_expect_eq(file_replace(scratch, "no/such", "x", 1, 0600, &e), -1);
	for (const char *const *name = (const char *const[]){ "f", "victim", "link", NULL }; *name; name++)
		cr_expect_eq(unlink(*name), 0);
	cr_expect_eq(rmdir("folder"), 0);
	cr_expect_eq(chdir("/"), 0);
	cr_expect_eq(rmdir(scratch_folder.path), 0, "something else is left: %m");
}

Test(file, folder_make_parents)
{
	SCRATCH();
	struct error e = { 0 };
	autofree char *path = text_format("%s/a/b/c", scratch_folder.path);
	int fd = folder_make(path, 0755, &e);

	cr_assert(fd >= 0, "%s", e.text);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	fd = folder_make(path, 0755, &e);
	cr_expect(fd >= 0, "an existing folder is no error: %s", e.text);
	close(fd);
	put("a/file", "x");
	free(path);
	path = text_format("%s/a/file/x", scratch_folder.path);
	cr_expect_eq(folder_make(path, 0755, &e), -1);
	cr_expect_eq(e.sys, ENOTDIR);
}

Test(file, private_folder_is_nobody_elses)
{
	SCRATCH();
	struct error e = { 0 };
	autofree char *path = text_format("%s/p", scratch_folder.path);
	struct stat st;
	int fd = folder_make_private(path, &e);

	cr_assert(fd >= 0, "%s", e.text);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	close(fd);
	cr_assert_eq(chmod(path, 0777), 0);
	cr_expect_eq(folder_make_private(path, &e), -1, "a folder that others write was taken");
	cr_expect(strstr(e.hint, "chmod"), "no hint: %s", e.hint);
	if (geteuid() == 0) {
		cr_assert_eq(chmod(path, 0700), 0);
		cr_assert_eq(chown(path, 1, 1), 0);
		cr_expect_eq(folder_make_private(path, &e), -1, "somebody else's folder was taken");
	}
}

Test(file, remove_takes_everything_and_follows_nothing)
{
	SCRATCH();
	struct error e = { 0 };

	cr_assert_eq(mkdir("outside", 0700), 0);
	put("outside/keep", "x");
	cr_assert_eq(mkdir("tree", 0700) | mkdir("tree/a", 0700) | mkdir("tree/a/b", 0700), 0);
	put("tree/a/b/f", "x");
	cr_assert_eq(symlink("../outside", "tree/link"), 0);
	cr_assert_eq(mkfifo("tree/fifo", 0600), 0);
	cr_assert_eq(chmod("tree/a/b", 0), 0);
	cr_assert_eq(folder_remove(scratch, "tree", &e), 0, "%s", e.text);
	cr_expect_not(has_file("tree"));
	cr_expect(has_file("outside/keep"), "a link was followed");
	cr_expect_eq(folder_remove(scratch, "tree", &e), 0, "missing is fine");
	cr_assert_eq(symlink("outside", "top"), 0);
	cr_expect_eq(folder_remove(scratch, "top", &e), 0);
	cr_expect(has_file("outside/keep"), "the link at the top was followed");
	cr_expect_not(has_file("top"));
}

/* In a mount namespace of its own; exit code 0: nothing behind the mount was lost. */
static int remove_with_mount(const char *folder)
{
	struct error e = { 0 };

	if (chdir(folder) || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("outside", "tree/m", NULL, MS_BIND, NULL))
		return 2;
	if (folder_remove(AT_FDCWD, "tree", &e) == 0)
		return 3;
	return has_file("outside/keep") ? 0 : 4;
}

Test(file, remove_never_crosses_a_mount)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
	SCRATCH();
	int status;
	pid_t pid;

	cr_assert_eq(mkdir("outside", 0700) | mkdir("tree", 0700) | mkdir("tree/m", 0700), 0);
	put("outside/keep", "x");
	pid = fork();
	if (pid == 0)
		_exit(remove_with_mount(scratch_folder.path));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_expect_neq(WEXITSTATUS(status), 2, "the test could not mount");
	cr_expect_neq(WEXITSTATUS(status), 3, "removing a folder with a bind mount in it was called a success");
	cr_expect_neq(WEXITSTATUS(status), 4, "files behind a bind mount of the same file system were removed");
}

Test(file, lock_excludes)
{
	SCRATCH();
	struct error e = { 0 };
	int fd = file_lock(scratch, "lock", false, &e);
	int second;

	cr_assert(fd >= 0, "%s", e.text);
	second = file_lock(scratch, "lock", false, &e);
	cr_expect_eq(second, -1);
	cr_expect_eq(e.sys, EWOULDBLOCK);
	close(fd);
	second = file_lock(scratch, "lock", true, &e);
	cr_expect(second >= 0, "the lock stayed after its descriptor was closed");
	close(second);
}
