/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "images/unpack/upper_tar.h"

static char folder[64];
static int root = -1;

static void put(const char *path, const char *content, mode_t mode, long mtime)
{
	const struct timespec times[2] = { { .tv_sec = mtime, .tv_nsec = 7 }, { .tv_sec = mtime, .tv_nsec = 7 } };
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	cr_assert(fd >= 0 && write_all(fd, content, strlen(content)) == 0 && fchmod(fd, mode) == 0 && futimens(fd, times) == 0);
	close(fd);
}

static void make(void)
{
	umask(022);
	memcpy(folder, "/tmp/box-unit-upper-XXXXXX", sizeof "/tmp/box-unit-upper-XXXXXX");
	cr_assert(mkdtemp(folder) != NULL);
	cr_assert(chmod(folder, 0755) == 0);
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void clear(void)
{
	struct error e = { 0 };

	close(root);
	cr_assert(folder_remove(AT_FDCWD, folder, &e) == 0, "%s", e.text);
}

static const char *lower_folders[4]; /* 0755, this process' own */

static int find_lower(const char *name, struct stat *ret, void *data)
{
	(void)data;
	for (size_t i = 0; lower_folders[i]; i++)
		if (strcmp(lower_folders[i], name) == 0) {
			*ret = (struct stat){ .st_mode = 0755, .st_uid = getuid(), .st_gid = getgid() };
			return 0;
		}
	return -1;
}

static const char *lower_file; /* empty, 0640, this process' own, of second 3 */

static int find_lower_file(const char *name, struct stat *ret, void *data)
{
	(void)data;
	if (!lower_file || strcmp(lower_file, name) != 0)
		return -1;
	*ret = (struct stat){ .st_mode = S_IFREG | 0640, .st_uid = getuid(), .st_gid = getgid(), .st_mtim = { .tv_sec = 3, .tv_nsec = 7 } };
	return 0;
}

/* The bytes, or "" where nothing changed. */
static int pack(const struct list *stubs, uint32_t overflow, struct text *ret, struct error *e)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); /* the free space of its file system counts */
	struct upper_tar how = { .fd = fd, .epoch = 1000, .overflow_uid = overflow, .overflow_gid = overflow,
				 .has_lower = lower_folders[0] != NULL, .stubs = stubs, .lower = find_lower,
				 .lower_file = find_lower_file };
	struct upper_report report;
	int result = upper_tar_write(&how, root, &report, e);

	cr_assert(lseek(fd, 0, SEEK_SET) == 0);
	if (result == 0)
		cr_assert(file_read_fd(fd, "the tar", 1 << 20, ret, e) == 0);
	close(fd);
	return result;
}

/* What GNU tar lists, in a form of its own: the test reads the layer as other programs do. */
static void expect_list(const struct list *stubs, const char *expected)
{
	struct text tar = { 0 }, listed = { 0 };
	struct error e = { 0 };
	char command[160];
	char *argv[] = { (char *)(uintptr_t)"/bin/sh", (char *)(uintptr_t)"-c", command, NULL };
	char *environment[] = { (char *)(uintptr_t)"PATH=/usr/bin:/bin", NULL };
	struct process_run run = { .argv = argv, .environment = environment };

	cr_assert(pack(stubs, 4242, &tar, &e) == 0, "%s", e.text);
	run.input = file_in_memory("tar", tar.data ? tar.data : "", tar.length);
	(void)snprintf(command, sizeof command, "test ! -s /dev/stdin || tar --utc -tvf - | awk '{print $1, $3, $5, $6, $7, $8}'");
	cr_assert(process_run(&run, &listed, &e) == 0, "%s", e.text);
	cr_assert_str_eq(listed.data ? listed.data : "", expected);
	close(run.input);
	text_release(&tar);
	text_release(&listed);
}

static const struct list none = { 0 };

Test(upper_tar, order_times_and_links, .init = make, .fini = clear)
{
	put("zeta", "new", 0644, 5000);
	put("alpha", "old", 04755, 500);
	cr_assert(linkat(root, "alpha", root, "beta", 0) == 0);
	cr_assert(symlinkat("zeta", root, "Link") == 0);
	cr_assert(mknodat(root, "gone", S_IFCHR, 0) == 0);
	expect_list(&none, "lrwxrwxrwx 0 00:16 Link -> zeta\n"
			   "-rwsr-xr-x 3 00:08 alpha  \n"
			   "hrwsr-xr-x 0 00:08 beta link to\n"
			   "---------- 0 00:16 .wh.gone  \n"
			   "-rw-r--r-- 3 00:16 zeta  \n");
}

Test(upper_tar, the_same_in_another_order_is_the_same_bytes, .init = make, .fini = clear)
{
	struct text first = { 0 }, second = { 0 };
	struct error e = { 0 };

	for (char c = 'a'; c <= 'z'; c++)
		put((char[]){ c, 0 }, "x", 0644, 3000);
	cr_assert(pack(&none, 4242, &first, &e) == 0 && first.length > 0);
	for (char c = 'a'; c <= 'z'; c++)
		cr_assert(unlinkat(root, (char[]){ c, 0 }, 0) == 0);
	for (char c = 'z'; c >= 'a'; c--)
		put((char[]){ c, 0 }, "x", 0644, 9000);
	cr_assert(pack(&none, 4242, &second, &e) == 0);
	cr_assert(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
	text_release(&first);
	text_release(&second);
}

Test(upper_tar, unchanged_folders_and_stubs_are_no_change, .init = make, .fini = clear)
{
	struct list stubs = { 0 };

	lower_folders[0] = ".";
	lower_folders[1] = "etc";
	list_add(&stubs, "etc/hosts");
	list_add(&stubs, "run/secrets");
	list_add(&stubs, "run/secrets/token");
	list_add(&stubs, "run");
	cr_assert(mkdirat(root, "etc", 0755) == 0 && mkdirat(root, "run", 0755) == 0 && mkdirat(root, "run/secrets", 0755) == 0);
	put("etc/hosts", "", 0644, 1);
	put("run/secrets/token", "", 0644, 1);
	expect_list(&stubs, "");
	/* One that is not empty is the step's own. */
	put("etc/motd", "", 0644, 1);
	expect_list(&stubs, "drwxr-xr-x 0 00:16 etc/  \n-rw-r--r-- 0 00:00 etc/motd  \n");
	cr_assert(unlinkat(root, "etc/motd", 0) == 0 && fchmodat(root, "etc", 0700, 0) == 0);
	expect_list(&stubs, "drwx------ 0 00:16 etc/  \n");
	list_release(&stubs);
}

Test(upper_tar, an_empty_file_that_was_only_opened_is_no_change, .init = make, .fini = clear)
{
	lower_folders[0] = ".";
	lower_file = "lock";
	put("lock", "", 0640, 3);
	expect_list(&none, "");
	put("other", "", 0640, 3);
	expect_list(&none, "-rw-r----- 0 00:00 other  \n");
	cr_assert(unlinkat(root, "lock", 0) == 0 && unlinkat(root, "other", 0) == 0);
	put("lock", "", 0640, 123);
	expect_list(&none, "-rw-r----- 0 00:02 lock  \n");
	cr_assert(unlinkat(root, "lock", 0) == 0);
	put("lock", "x", 0640, 3);
	expect_list(&none, "-rw-r----- 1 00:00 lock  \n");
}

Test(upper_tar, a_folder_hides_only_what_is_there, .init = make, .fini = clear)
{
	lower_folders[0] = ".";
	lower_folders[1] = "old";
	cr_assert(mkdirat(root, "old", 0755) == 0 && mkdirat(root, "new", 0755) == 0 && mkdirat(root, "old/sub", 0755) == 0);
	for (size_t i = 0; i < 3; i++) {
		int fd = openat(root, (const char *const[]){ "old", "new", "old/sub" }[i], O_RDONLY | O_CLOEXEC);

		if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0))
			cr_skip("no user attributes here");
		close(fd);
	}
	expect_list(&none, "drwxr-xr-x 0 00:16 new/  \n"
			   "drwxr-xr-x 0 00:16 old/  \n"
			   "---------- 0 00:16 old/.wh..wh..opq  \n"
			   "drwxr-xr-x 0 00:16 old/sub/  \n");
}

Test(upper_tar, refuses_names_and_owners_that_a_layer_cannot_have, .init = make, .fini = clear)
{
	struct text tar = { 0 };
	struct error e = { 0 };

	put(".wh.x", "", 0644, 1);
	cr_assert(pack(&none, 4242, &tar, &e) == -1);
	cr_assert(strstr(e.text, ".wh.x cannot be in a layer") != NULL, "%s", e.text);
	cr_assert(unlinkat(root, ".wh.x", 0) == 0);
	error_clear(&e);
	cr_assert(pack(&none, getuid(), &tar, &e) == -1);
	cr_assert(strstr(e.text, "belongs to a user that is none of the container's") != NULL, "%s", e.text);
}
