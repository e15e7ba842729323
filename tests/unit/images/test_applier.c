/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_applier.c - tars applied to a folder: what becomes of each kind, of repeated names, of whiteouts in either order.
 *
 * Tars are written by libarchive, with the caller's own ids, so that the tests need no privilege.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/content_notes.h"
#include "images/unpack/listing.h"
#include "images/unpack/stream.h"
#include "tests/unit/base/scratch.h"

struct member {
	const char *name;
	mode_t mode;         /* with its kind; S_IFMT: a hard link */
	const char *content; /* of a file, or the target of a link */
	time_t time;
};

static void add_member(struct archive *archive, const struct member *member)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = S_ISREG(member->mode) && member->content ? strlen(member->content) : 0;

	archive_entry_set_pathname(entry, member->name);
	archive_entry_set_mode(entry, (member->mode & S_IFMT) == S_IFMT ? S_IFREG | 0644 : member->mode);
	archive_entry_set_uid(entry, getuid());
	archive_entry_set_gid(entry, getgid());
	archive_entry_set_size(entry, (la_int64_t)length);
	archive_entry_set_mtime(entry, member->time, 0);
	if ((member->mode & S_IFMT) == S_IFMT)
		archive_entry_set_hardlink(entry, member->content);
	else if (S_ISLNK(member->mode))
		archive_entry_set_symlink(entry, member->content);
	else if (S_ISCHR(member->mode) || S_ISBLK(member->mode))
		archive_entry_set_rdev(entry, makedev(8, 1));
	cr_assert_eq(archive_write_header(archive, entry), ARCHIVE_OK, "%s", archive_error_string(archive));
	if (length)
		cr_assert_eq(archive_write_data(archive, member->content, length), (la_ssize_t)length);
	archive_entry_free(entry);
}

/* A tar of the members (ended by one without a name), at its beginning. */
static int tar_of(const struct member *members)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);
	struct archive *archive = archive_write_new();

	cr_assert(fd >= 0);
	cr_assert_eq(archive_write_set_format_pax(archive), ARCHIVE_OK);
	cr_assert_eq(archive_write_open_fd(archive, fd), ARCHIVE_OK);
	for (; members->name; members++)
		add_member(archive, members);
	cr_assert_eq(archive_write_free(archive), ARCHIVE_OK);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int apply_with(const struct member *members, const struct apply_options *options, struct apply_report *report,
		      struct error *e)
{
	autoclose int tar = tar_of(members);
	autoclose int root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stream *stream;
	struct budget budget;
	struct digest digest;
	int result;

	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert(root >= 0);
	budget_init(&budget, budget_default_limits(), root);
	stream = stream_open(tar, DIGEST_SHA256, &budget, e);
	cr_assert_not_null(stream, "%s", e->text);
	result = apply_tar(stream, root, options, &budget, &digest, report, e);
	stream_free(stream);
	return result;
}

/* Applies the members to the new folder root. */
static struct apply_report apply(const struct member *members)
{
	const struct apply_options options = { .uid_count = UINT32_MAX, .gid_count = UINT32_MAX };
	struct apply_report report = { 0 };
	struct error e = { 0 };

	cr_assert_eq(mkdir("root", 0755), 0);
	cr_assert_eq(apply_with(members, &options, &report, &e), 0, "%s", e.text);
	return report;
}

static void refuse(const struct member *members, const char *part)
{
	const struct apply_options options = { .uid_count = UINT32_MAX, .gid_count = UINT32_MAX };
	struct apply_report report = { 0 };
	struct error e = { 0 };

	cr_assert_eq(mkdir("root", 0755), 0);
	cr_expect_eq(apply_with(members, &options, &report, &e), -1, "it was taken; expected: %s", part);
	cr_expect_not_null(strstr(e.text, part), "%s", e.text);
}

static struct stat look(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0, "%s: %m", path);
	return st;
}

static void expect_content(const char *path, const char *expected)
{
	char buffer[64] = "";
	autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	cr_assert(fd >= 0, "%s: %m", path);
	cr_expect(read(fd, buffer, sizeof buffer - 1) >= 0);
	cr_expect_str_eq(buffer, expected, "%s", path);
}

static bool is_whiteout(const char *path)
{
	struct stat st = look(path);

	return S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(const char *path)
{
	char value[8] = "";

	return getxattr(path, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

Test(applier, every_kind_arrives_with_mode_and_time)
{
	const struct member members[] = {
		{ "d", S_IFDIR | 01755, NULL, 1000 }, { "d/f", S_IFREG | 04711, "text", 2000 },
		{ "d/l", S_IFLNK | 0777, "f", 3000 }, { "d/p", S_IFIFO | 0620, NULL, 4000 },
		{ "d/h", S_IFMT, "d/f", 2000 },       { "n", S_IFBLK | 0600, NULL, 0 },
		{ "./", S_IFDIR | 0711, NULL, 5000 }, { NULL, 0, NULL, 0 },
	};
	SCRATCH();
	struct apply_report report = apply(members);

	cr_expect_eq(report.members, 7);
	cr_expect_eq(report.devices, 1);
	cr_expect_eq(look("root/d").st_mode, S_IFDIR | 01755);
	cr_expect_eq(look("root/d").st_mtime, 1000, "the files in it changed its time");
	cr_expect_eq(look("root/d/f").st_mode, S_IFREG | 04711);
	cr_expect_eq(look("root/d/f").st_mtime, 2000);
	cr_expect_eq(look("root/d/f").st_nlink, 2);
	cr_expect_eq(look("root/d/h").st_ino, look("root/d/f").st_ino);
	cr_expect_eq(look("root/d/l").st_mtime, 3000);
	cr_expect_eq(look("root/d/p").st_mode, S_IFIFO | 0620);
	cr_expect_eq(look("root").st_mode, S_IFDIR | 0711);
	cr_expect_eq(look("root").st_mtime, 5000);
	cr_expect_not(has_file("root/n"));
	expect_content("root/d/f", "text");
}

Test(applier, whiteouts_hide_what_is_below_and_not_what_comes_along)
{
	const struct member members[] = {
		{ "a/.wh.gone", S_IFREG | 0644, NULL, 0 },     { "a/.wh.before", S_IFREG | 0644, NULL, 0 },
		{ "a/before", S_IFREG | 0644, "mine", 0 },     { "a/after", S_IFREG | 0644, "mine", 0 },
		{ "a/.wh.after", S_IFREG | 0644, NULL, 0 },    { "o/own", S_IFREG | 0644, "own", 0 },
		{ "o/.wh..wh..opq", S_IFREG | 0644, NULL, 0 }, { NULL, 0, NULL, 0 },
	};
	SCRATCH();

	apply(members);
	cr_expect(is_whiteout("root/a/gone"));
	expect_content("root/a/before", "mine");
	expect_content("root/a/after", "mine");
	cr_expect_not(has_file("root/a/.wh.gone"));
	cr_expect_not(is_opaque("root/a"));
	cr_expect(is_opaque("root/o"));
	expect_content("root/o/own", "own");
}

Test(applier, a_folder_in_the_place_of_a_whiteout_hides_the_one_below)
{
	const struct member members[] = {
		{ ".wh.one", S_IFREG | 0644, NULL, 0 },
		{ "one", S_IFDIR | 0755, NULL, 0 },
		{ "two", S_IFDIR | 0755, NULL, 0 },
		{ ".wh.two", S_IFREG | 0644, NULL, 0 },
		{ ".wh.three", S_IFREG | 0644, NULL, 0 },
		{ "three/implied", S_IFREG | 0644, "x", 0 },
		{ "four", S_IFREG | 0644, "x", 0 },
		{ "four", S_IFDIR | 0755, NULL, 0 },
		{ "five", S_IFDIR | 0755, NULL, 0 },
		{ "five", S_IFDIR | 0700, NULL, 0 },
		{ NULL, 0, NULL, 0 },
	};
	SCRATCH();

	apply(members);
	cr_expect(is_opaque("root/one"));
	cr_expect(is_opaque("root/two"));
	cr_expect(is_opaque("root/three"));
	cr_expect(is_opaque("root/four"));
	cr_expect_not(is_opaque("root/five"));
	cr_expect_eq(look("root/five").st_mode, S_IFDIR | 0700);
}

Test(applier, the_later_member_wins)
{
	const struct member members[] = {
		{ "f", S_IFREG | 0644, "one", 0 },
		{ "f", S_IFREG | 0600, "two", 0 },
		{ "d", S_IFDIR | 0755, NULL, 0 },
		{ "d/x", S_IFREG | 0644, "x", 0 },
		{ "d", S_IFLNK | 0777, "f", 0 },
		{ "l", S_IFLNK | 0777, "f", 0 },
		{ "l", S_IFREG | 0644, "own", 0 },
		{ "h1", S_IFREG | 0644, "h", 0 },
		{ "h2", S_IFMT, "h1", 0 },
		{ "h1", S_IFREG | 0644, "new", 0 },
		{ NULL, 0, NULL, 0 },
	};
	SCRATCH();

	apply(members);
	expect_content("root/f", "two");
	cr_expect(S_ISLNK(look("root/d").st_mode));
	expect_content("root/l", "own");
	expect_content("root/h1", "new");
	expect_content("root/h2", "h");
}

/* The times of folders are set at the end; those that are gone by then do not come back. */
Test(applier, folders_below_what_was_replaced_are_forgotten)
{
	const struct member members[] = {
		{ "d/e/g", S_IFDIR | 0755, NULL, 1 }, { "d", S_IFREG | 0644, "file", 0 },  { "l/e/g", S_IFDIR | 0755, NULL, 1 },
		{ "x", S_IFDIR | 0755, NULL, 5 },     { "l", S_IFLNK | 0777, "x", 0 },     { "a", S_IFLNK | 0777, "a", 0 },
		{ "b/c", S_IFDIR | 0755, NULL, 1 },   { "b", S_IFLNK | 0777, "a", 0 },     { NULL, 0, NULL, 0 },
	};
	SCRATCH();

	apply(members);
	expect_content("root/d", "file");
	cr_expect_not(has_file("root/x/e"), "setting times made a folder");
	cr_expect_eq(look("root/x").st_mtime, 5);
	cr_expect(S_ISLNK(look("root/b").st_mode));
}

/* Below this layer: tmp as a folder that everybody may write, secret as one that nobody may enter. */
static int look_below(const char *name, struct stat *ret, void *data)
{
	(void)data;
	if (strcmp(name, "tmp") != 0 && strcmp(name, "secret") != 0)
		return -1;
	*ret = (struct stat){ .st_mode = strcmp(name, "tmp") == 0 ? 01777 : 0700,
			      .st_uid = getuid(),
			      .st_gid = getgid() };
	ret->st_mtim.tv_sec = 77;
	return 0;
}

Test(applier, implied_folders_look_as_in_the_layers_below)
{
	const struct member members[] = {
		{ "tmp/x", S_IFREG | 0644, "x", 0 },
		{ "secret/x", S_IFREG | 0644, "x", 0 },
		{ "new/x", S_IFREG | 0644, "x", 0 },
		{ NULL, 0, NULL, 0 },
	};
	const struct apply_options options = { .uid_count = UINT32_MAX, .gid_count = UINT32_MAX, .lower = look_below };
	SCRATCH();
	struct apply_report report = { 0 };
	struct error e = { 0 };

	cr_assert_eq(mkdir("root", 0755), 0);
	cr_assert_eq(apply_with(members, &options, &report, &e), 0, "%s", e.text);
	cr_expect_eq(look("root/tmp").st_mode, S_IFDIR | 01777);
	cr_expect_eq(look("root/tmp").st_mtime, 77);
	cr_expect_eq(look("root/secret").st_mode, S_IFDIR | 0700);
	cr_expect_eq(look("root/new").st_mode & 0700, 0700);
	cr_expect_eq(look("root/new").st_mtime, 0, "the present time would make every unpacking different");
}

Test(applier, ids_are_checked_or_squashed)
{
	const struct member members[] = { { "f", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } };
	struct apply_options options = { .uid_count = 0, .gid_count = UINT32_MAX };
	SCRATCH();
	struct apply_report report = { 0 };
	struct error e = { 0 };

	cr_assert_eq(mkdir("root", 0755), 0);
	cr_expect_eq(apply_with(members, &options, &report, &e), -1);
	cr_expect_not_null(strstr(e.text, "is outside the 0 ids"), "%s", e.text);
	if (getuid() == 0) {
		options.squash_ids = true;
		error_clear(&e);
		cr_expect_eq(apply_with(members, &options, &report, &e), 0, "%s", e.text);
		cr_expect_eq(report.squashed, 0);
	}
}

Test(applier, escapes_are_refused)
{
	const struct member dotdot[] = { { "../x", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } };
	SCRATCH();

	refuse(dotdot, "member \"../x\": its name leads out of the root");
	cr_expect_not(has_file("x"));
}

Test(applier, writing_through_a_link_is_refused)
{
	const struct member members[] = { { "e", S_IFLNK | 0777, "..", 0 },
					  { "e/x", S_IFREG | 0644, "x", 0 },
					  { NULL, 0, NULL, 0 } };
	SCRATCH();

	/* ".." of the root is the root itself, as in a container. */
	apply(members);
	cr_expect(has_file("root/x"));
	cr_expect_not(has_file("x"));
}

Test(applier, a_hard_link_to_a_link_is_refused)
{
	const struct member members[] = { { "s", S_IFLNK | 0777, "/etc/passwd", 0 },
					  { "h", S_IFMT, "s", 0 },
					  { NULL, 0, NULL, 0 } };
	SCRATCH();

	refuse(members, "it is a hard link to s, which is no regular file");
}

/* What was noted while files were written is what reading them gives. */
Test(applier, notes_are_what_a_listing_reads)
{
	SCRATCH();
	static const struct member members[] = {
		{ "empty", S_IFREG | 0644, "", 0 },
		{ "file", S_IFREG | 0644, "content", 0 },
		{ "gone", S_IFREG | 0644, "was here first", 0 },
		{ "gone", S_IFDIR | 0755, NULL, 0 },
		{ "gone/file", S_IFREG | 0644, "now here", 0 },
		{ "file", S_IFREG | 0644, "content of the second one", 0 },
		{ "linked", S_IFMT, "file", 0 },
		{ "link", S_IFLNK | 0777, "file", 0 },
		{ 0 },
	};
	struct content_notes notes = { 0 };
	const struct apply_options options = { .uid_count = UINT32_MAX, .gid_count = UINT32_MAX, .notes = &notes };
	struct apply_report report = { 0 };
	autorelease(text) struct text noted = { 0 };
	autorelease(text) struct text read = { 0 };
	struct error e = { 0 };
	autoclose int root = -1, fd = memfd_create("noted", MFD_CLOEXEC), other = memfd_create("read", MFD_CLOEXEC);

	cr_assert_eq(mkdir("root", 0755), 0);
	cr_assert_eq(apply_with(members, &options, &report, &e), 0, "%s", e.text);
	cr_expect_eq(notes.count, 5);
	content_notes_sort(&notes);
	root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(listing_write(root, fd, &notes, &e), 0, "%s", e.text);
	cr_assert_eq(listing_write(root, other, NULL, &e), 0, "%s", e.text);
	cr_assert(lseek(fd, 0, SEEK_SET) == 0 && lseek(other, 0, SEEK_SET) == 0);
	cr_assert_eq(file_read_fd(fd, "noted", 1 << 20, &noted, &e), 0, "%s", e.text);
	cr_assert_eq(file_read_fd(other, "read", 1 << 20, &read, &e), 0, "%s", e.text);
	cr_expect_eq(noted.length, read.length);
	cr_expect_eq(memcmp(noted.data, read.data, read.length), 0);
	content_notes_release(&notes);
}
