/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tar_apply.c - trees packed and made again, and tars that want out of their folder.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tar_tree.h"
#include "base/tar_writer.h"
#include "base/text.h"
#include "images/tar_apply.h"
#include "tests/unit/base/scratch.h"

static void write_file(const char *path, const char *content, mode_t mode)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	cr_assert_eq(fchmod(fd, mode), 0);
}

/* Makes the tar "t" below "to". */
static int apply(struct tar_apply apply, const char *prefix, struct error *e)
{
	autoclose int tar = open("t", O_RDONLY | O_CLOEXEC), root = open("to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	apply.input = tar;
	return tar_apply(&apply, root, prefix, e);
}

static void pack(const char *entry, const char *name)
{
	autoclose int tar = open("t", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tar_tree_report report;
	struct error e = { 0 };

	cr_assert_eq(tar_tree_write_entry(tar, here, entry, name, &report, &e), 0, "%s", e.text);
}

Test(tar_apply, a_tree_comes_back_as_it_was)
{
	SCRATCH();
	struct error e = { 0 };
	struct stat one, other;
	char target[32] = "", value[8] = "";

	cr_assert_eq(mkdir("from", 0755) + mkdir("from/sub", 0700) + mkdir("to", 0755), 0);
	write_file("from/sub/file", "content", 04640);
	(void)setxattr("from/sub/file", "user.note", "kept", 4, 0); /* not every file system has them */
	cr_assert_eq(link("from/sub/file", "from/again") + symlink("/etc/passwd", "from/link") + mkfifo("from/fifo", 0622), 0);
	cr_assert_eq(chmod("from/sub", 0500) + chmod("from/fifo", 0622), 0);
	pack("from", "from");
	cr_assert_eq(apply((struct tar_apply){ .keeps_owners = true, .keeps_special_modes = true }, "", &e), 0, "%s", e.text);
	cr_assert_eq(stat("from/sub", &one) + stat("to/from/sub", &other), 0);
	cr_expect(one.st_mode == other.st_mode && one.st_mtime == other.st_mtime);
	cr_assert_eq(stat("to/from/sub/file", &one) + stat("to/from/again", &other), 0);
	cr_expect(one.st_ino == other.st_ino && (one.st_mode & 07777) == 04640 && one.st_size == 7);
	cr_expect_eq(readlink("to/from/link", target, sizeof target - 1), 11);
	cr_expect_str_eq(target, "/etc/passwd");
	cr_assert_eq(lstat("to/from/fifo", &one), 0);
	cr_expect_eq(one.st_mode, (mode_t)(S_IFIFO | 0622));
	if (getxattr("from/sub/file", "user.note", value, sizeof value) == 4)
		cr_expect_eq(getxattr("to/from/sub/file", "user.note", value, sizeof value), 4);
	chmod("from/sub", 0700);
	chmod("to/from/sub", 0700);
}

Test(tar_apply, without_special_modes_no_program_gets_rights)
{
	SCRATCH();
	struct error e = { 0 };
	struct stat st;

	cr_assert_eq(mkdir("to", 0755), 0);
	write_file("program", "x", 06755);
	pack("program", "program");
	cr_assert_eq(apply((struct tar_apply){ .drops_first = true }, "other", &e), 0, "%s", e.text);
	cr_assert_eq(stat("to/other", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0755u);
}

Test(tar_apply, holes_stay_holes)
{
	SCRATCH();
	struct error e = { 0 };
	struct stat st;
	autoclose int fd = open("sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(mkdir("to", 0755), 0);
	cr_assert_eq(pwrite(fd, "end", 3, 8 << 20), 3);
	pack("sparse", "sparse");
	cr_assert_eq(apply((struct tar_apply){ 0 }, "", &e), 0, "%s", e.text);
	cr_assert_eq(stat("to/sparse", &st), 0);
	cr_expect_eq(st.st_size, (8 << 20) + 3);
	cr_expect_lt(st.st_blocks, 128);
}

/* A tar of one or two members, written to "t". */
static void write_tar(const struct tar_entry *members, size_t count)
{
	autoclose int tar = open("t", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error e = { 0 };

	for (size_t i = 0; i < count; i++)
		cr_assert_eq(tar_write_header(tar, &members[i], &e), 0, "%s", e.text);
	cr_assert_eq(tar_write_end(tar, &e), 0);
}

Test(tar_apply, nothing_is_made_outside)
{
	SCRATCH();
	static const struct {
		struct tar_entry members[2];
		const char *words; /* of the error; NULL: it is taken, inside */
	} rows[] = {
		{ { { .type = TAR_FILE, .path = "../out" }, { .type = TAR_FILE, .path = "x" } }, "\"..\"" },
		{ { { .type = TAR_FILE, .path = "a/../../out" }, { .type = TAR_FILE, .path = "x" } }, "\"..\"" },
		{ { { .type = TAR_FILE, .path = "/out" }, { .type = TAR_FILE, .path = "y" } }, NULL },
		{ { { .type = TAR_LINK, .path = "l", .target = ".." }, { .type = TAR_FILE, .path = "l/out" } }, NULL },
		{ { { .type = TAR_LINK, .path = "m", .target = "../out" }, { .type = TAR_FILE, .path = "m" } }, NULL },
		{ { { .type = TAR_HARD_LINK, .path = "h", .target = "../secret" }, { .type = TAR_FILE, .path = "x" } }, "\"..\"" },
	};

	write_file("secret", "secret", 0600);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error e = { 0 };
		struct stat st;

		(void)mkdir("to", 0755); /* it is there from the second row on */
		write_tar(rows[i].members, 2);
		cr_expect_eq(apply((struct tar_apply){ 0 }, "", &e), rows[i].words ? -1 : 0, "row %zu: %s", i, e.text);
		cr_expect(!rows[i].words || strstr(e.text, rows[i].words), "row %zu: %s", i, e.text);
		cr_expect_eq(lstat("out", &st), -1, "row %zu made a file outside", i);
		cr_assert_eq(stat("secret", &st), 0);
		cr_expect_eq(st.st_nlink, 1u);
	}
}

Test(tar_apply, a_folder_is_not_replaced_by_a_file)
{
	SCRATCH();
	const struct tar_entry member = { .type = TAR_FILE, .path = "folder" };
	struct error e = { 0 };

	cr_assert_eq(mkdir("to", 0755) + mkdir("to/folder", 0755), 0);
	write_tar(&member, 1);
	cr_expect_eq(apply((struct tar_apply){ 0 }, "", &e), -1);
	cr_expect_str_eq(e.text, "folder: replace it: it is a folder, and becomes none");
}

Test(tar_apply, a_broken_tar_is_an_error)
{
	SCRATCH();
	struct error e = { 0 };

	cr_assert_eq(mkdir("to", 0755), 0);
	write_file("t", "this is no tar at all", 0600);
	cr_expect_eq(apply((struct tar_apply){ 0 }, "", &e), -1);
	cr_expect_eq(e.kind, ERROR_IMAGE);
}

Test(tar_apply, a_member_takes_the_place_of_anything_where_it_may)
{
	SCRATCH();
	struct error e = { 0 };
	const struct tar_entry folder = { .type = TAR_FOLDER, .path = "way/", .mode = 0700 },
			       again = { .type = TAR_FOLDER, .path = "way/", .mode = 0711 }, link = { .type = TAR_LINK, .path = "full", .target = "way" };
	autoclose int tar = open("t", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char target[8] = "";
	struct stat st;

	cr_assert_eq(tar_write_header(tar, &folder, &e) + tar_write_header(tar, &link, &e) + tar_write_header(tar, &again, &e) +
			     tar_write_end(tar, &e), 0, "%s", e.text);
	cr_assert_eq(mkdir("to", 0755) + mkdir("to/full", 0755) + mkdir("to/full/x", 0755) + symlink("full", "to/way"), 0);
	cr_expect_eq(apply((struct tar_apply){ 0 }, "", &e), -1);
	cr_expect_str_eq(e.text, "way/: make the folder: something else has its name");
	error_clear(&e);
	cr_assert_eq(apply((struct tar_apply){ .replaces = true }, "", &e), 0, "%s", e.text);
	cr_assert_eq(lstat("to/way", &st), 0);
	cr_expect_eq(st.st_mode, (mode_t)(S_IFDIR | 0711));
	cr_expect_eq(readlink("to/full", target, sizeof target), 3);
}
