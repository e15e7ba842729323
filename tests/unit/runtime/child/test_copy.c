/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_copy.c - copying folders: what is kept, and that no link is followed.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/child/copy.h"

static char top[64];
static int from, to;

static void begin(void)
{
	memcpy(top, "/tmp/box-copy-XXXXXX", sizeof "/tmp/box-copy-XXXXXX");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chdir(top), 0);
	cr_assert_eq(mkdir("from", 0755), 0);
	cr_assert_eq(mkdir("to", 0755), 0);
	from = open("from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = open("to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void end(void)
{
	struct error e = { 0 };

	close(from);
	close(to);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(folder_remove(AT_FDCWD, top, &e), 0, "%s", e.text);
}

TestSuite(copy, .init = begin, .fini = end);

static void write_file(const char *path, const char *content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write_all(fd, content, strlen(content)), 0);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

Test(copy, files_folders_links_and_fifos_keep_content_and_mode)
{
	struct error e = { 0 };
	struct text content = { 0 };
	struct stat st;
	char target[64] = "";

	cr_assert_eq(mkdir("from/sub", 01750), 0);
	cr_assert_eq(chmod("from/sub", 01750), 0);
	write_file("from/sub/file", "hello", 04711);
	cr_assert_eq(symlink("../nowhere", "from/link"), 0);
	cr_assert_eq(mkfifo("from/fifo", 0640), 0);
	cr_assert_eq(chmod("from", 0711), 0);
	cr_assert_eq(copy_tree(from, to, &e), 0, "%s", e.text);
	cr_assert_eq(file_read(AT_FDCWD, "to/sub/file", 100, &content, &e), 0, "%s", e.text);
	cr_assert_str_eq(content.data, "hello");
	cr_assert_eq(stat("to/sub/file", &st), 0);
	cr_assert_eq(st.st_mode & 07777, (mode_t)04711);
	cr_assert_eq(stat("to/sub", &st), 0);
	cr_assert_eq(st.st_mode & 07777, (mode_t)01750);
	cr_assert_eq(stat("to", &st), 0);
	cr_assert_eq(st.st_mode & 07777, (mode_t)0711, "the folder's own mode is taken over");
	cr_assert_gt(readlink("to/link", target, sizeof target - 1), 0);
	cr_assert_str_eq(target, "../nowhere");
	cr_assert_eq(lstat("to/fifo", &st), 0);
	cr_assert(S_ISFIFO(st.st_mode));
	text_release(&content);
}

/* In a user namespace with one id, as an ordinary user without subordinate ids has it. */
static int copy_as_single_user(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	autofree char *uids = text_format("0 %u 1", uid);
	autofree char *gids = text_format("0 %u 1", gid);
	struct error e = { 0 };

	if (unshare(CLONE_NEWUSER) || file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") || file_poke(AT_FDCWD, "/proc/self/uid_map", uids) ||
	    file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		return 2;
	return copy_tree(from, to, &e) ? 1 : 0;
}

Test(copy, owners_that_do_not_exist_here_become_root_without_setuid)
{
	struct stat st;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root to make files of others");
	write_file("from/suid", "x", 0644);
	write_file("from/group", "x", 0644);
	cr_assert_eq(mkfifo("from/fifo", 0640) | symlink("x", "from/link"), 0);
	cr_assert_eq(chown("from/suid", 4242, 0) | chown("from/group", 0, 4242) | chown("from/fifo", 4242, 4242), 0);
	cr_assert_eq(lchown("from/link", 4242, 4242) | chown("from", 4242, 4242) | chmod("from/suid", 06755), 0);
	pid = fork();
	if (pid == 0)
		_exit(copy_as_single_user());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		cr_skip_test("no user namespaces here");
	cr_assert_eq(WEXITSTATUS(status), 0, "the copy failed");
	cr_assert_eq(stat("to/suid", &st), 0);
	cr_expect_eq(st.st_uid, 0);
	cr_expect_eq(st.st_mode & 07777, (mode_t)0755, "somebody's setuid file became one of root");
	cr_expect_eq(stat("to/group", &st) | lstat("to/fifo", &st) | lstat("to/link", &st), 0);
}

Test(copy, times_are_kept)
{
	const struct timespec times[2] = { { 1000, 1 }, { 2000, 2 } };
	struct error e = { 0 };
	struct stat st;

	write_file("from/old", "x", 0644);
	cr_assert_eq(utimensat(AT_FDCWD, "from/old", times, 0), 0);
	cr_assert_eq(copy_tree(from, to, &e), 0, "%s", e.text);
	cr_assert_eq(stat("to/old", &st), 0);
	cr_assert_eq(st.st_mtim.tv_sec, 2000);
	cr_assert_eq(st.st_mtim.tv_nsec, 2);
}

Test(copy, a_link_to_a_folder_outside_stays_a_link)
{
	struct error e = { 0 };
	struct stat st;

	cr_assert_eq(symlink("/etc", "from/etc"), 0);
	cr_assert_eq(copy_tree(from, to, &e), 0, "%s", e.text);
	cr_assert_eq(lstat("to/etc", &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
}

Test(copy, a_link_that_waits_in_the_target_is_not_written_through)
{
	struct error e = { 0 };
	struct stat st;

	write_file("from/name", "evil", 0644);
	write_file("victim", "keep", 0644);
	cr_assert_eq(symlink("../victim", "to/name"), 0);
	cr_assert_eq(copy_tree(from, to, &e), -1);
	cr_assert_eq(stat("victim", &st), 0);
	cr_assert_eq(st.st_size, 4);
}

Test(copy, too_deep_is_an_error_not_a_crash)
{
	struct error e = { 0 };
	int at = dup(from);

	for (int i = 0; i < 200; i++) {
		int next;

		cr_assert_eq(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		cr_assert_geq(next, 0);
		close(at);
		at = next;
	}
	close(at);
	cr_assert_eq(copy_tree(from, to, &e), -1);
	cr_assert_eq(e.kind, ERROR_IMAGE);
	cr_assert_not_null(strstr(e.text, "nested deeper"), "%s", e.text);
}

Test(copy, a_large_file_arrives_whole)
{
	struct error e = { 0 };
	struct stat st;
	int fd = open("from/big", O_WRONLY | O_CREAT, 0600);
	char block[4096];

	memset(block, 'b', sizeof block);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(write_all(fd, block, sizeof block), 0);
	close(fd);
	cr_assert_eq(copy_tree(from, to, &e), 0, "%s", e.text);
	cr_assert_eq(stat("to/big", &st), 0);
	cr_assert_eq(st.st_size, 4096000);
}
