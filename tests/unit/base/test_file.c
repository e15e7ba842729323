/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_file.c - whole files and folders, and what must never happen to them.
 */
#include <errno.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

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

/* Process numbers come again, in containers soon: what a killed process of the same one left is in nobody's way. */
Test(file, replace_beside_what_was_left)
{
	SCRATCH();
	autorelease(text) struct text content = { 0 };
	autorelease(list) struct list left = { 0 };
	struct error e = { 0 };

	for (int serial = 0; serial < 16; serial++) {
		list_addf(&left, "f.tmp-%d-%d", (int)getpid(), serial);
		put(left.items[serial], "left");
	}
	cr_assert_eq(file_replace(scratch, "f", "fresh", 5, 0644, &e), 0, "%s", e.text);
	cr_assert_eq(file_read(scratch, "f", 10, &content, &e), 0);
	cr_expect_str_eq(content.data, "fresh");
	for (size_t i = 0; i < left.count; i++)
		cr_expect_eq(unlink(left.items[i]), 0, "%s is gone", left.items[i]);
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

/* Folders named "d" in each other below the new folder name, levels of them; a descriptor of the deepest. */
static int make_chain(const char *name, int levels)
{
	int fd = AT_FDCWD;

	for (int i = 0; i <= levels; i++) {
		const char *next = i ? "d" : name;
		int inner;

		cr_assert_eq(mkdirat(fd, next, 0700), 0, "level %d: %m", i);
		inner = openat(fd, next, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cr_assert(inner >= 0, "level %d: %m", i);
		if (fd >= 0)
			close(fd);
		fd = inner;
	}
	return fd;
}

/* Processor time: the disk may be busy with others. */
static double remove_timed(const char *name)
{
	struct error e = { 0 };
	clock_t begin = clock();

	cr_assert_eq(folder_remove(AT_FDCWD, name, &e), 0, "%s", e.text);
	cr_expect_not(has_file(name));
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

Test(file, remove_takes_few_descriptors_and_linear_time, .timeout = 120)
{
	const struct rlimit few = { .rlim_cur = 64, .rlim_max = 64 };
	SCRATCH();
	double small, large;

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	close(make_chain("small", 500));
	small = remove_timed("small");
	close(make_chain("large", 5000));
	large = remove_timed("large");
	/* Ten times the levels take a hundred times as long where each is looked for from the top. */
	cr_expect(large < 30 * small + 0.1, "500 levels: %f s, 5,000 levels: %f s", small, large);
}

/* What an app can put in the way of moving: the names that moved folders get, and folders without permissions. */
Test(file, remove_deep_folders_whatever_the_names)
{
	SCRATCH();
	struct error e = { 0 };
	int bottom = make_chain("tree", 100);

	cr_assert_eq(mkdirat(bottom, "one", 0) | mkdirat(bottom, "two", 0) | fchmod(bottom, 0), 0);
	put("outside", "x");
	cr_assert_eq(mkdir("tree/.box-removes-0", 0700) | mkdir("tree/.box-removes-0/full", 0), 0);
	put("tree/.box-removes-1", "x");
	cr_assert_eq(symlink("../outside", "tree/.box-removes-2"), 0);
	cr_assert_eq(mkdir("tree/.box-removes-3", 0), 0);
	cr_assert_eq(chmod("tree/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d", 0), 0);
	cr_assert_eq(folder_remove(scratch, "tree", &e), 0, "%s", e.text);
	cr_expect_not(has_file("tree"));
	cr_expect(has_file("outside"));
	close(bottom);
}

/* In a mount namespace of its own; exit code 0: nothing behind the mount was lost. */
static int remove_with_mount(const char *folder, int levels)
{
	struct error e = { 0 };

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || chdir(folder))
		return 2;
	/* A descriptor of the other namespace would lead to mounts that cannot be changed. */
	if (fchdir(make_chain("tree", levels)) || mkdir("m", 0700) || mount(folder, "m", NULL, MS_BIND, NULL) || chdir(folder))
		return 2;
	if (folder_remove(AT_FDCWD, "tree", &e) == 0)
		return 3;
	return has_file("keep") ? 0 : 4;
}

static void expect_mount_kept(int levels)
{
	SCRATCH();
	int status;
	pid_t pid;

	put("keep", "x");
	pid = fork();
	if (pid == 0)
		_exit(remove_with_mount(scratch_folder.path, levels));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_expect_neq(WEXITSTATUS(status), 2, "the test could not mount");
	cr_expect_neq(WEXITSTATUS(status), 3, "removing a folder with a bind mount in it was called a success");
	cr_expect_neq(WEXITSTATUS(status), 4, "files behind a bind mount of the same file system were removed");
}

Test(file, remove_never_crosses_a_mount)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
	expect_mount_kept(0);
	/* The deepest folder that is entered where it is, the first that is moved, and one below moved ones. */
	expect_mount_kept(15);
	expect_mount_kept(16);
	expect_mount_kept(40);
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
