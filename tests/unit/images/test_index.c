/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_index.c - tars that become an index: which do, that the kernel shows what the folder form has, and that a wrong index is refused.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "images/digest.h"
#include "images/erofs_format.h"
#include "images/layer_mount.h"
#include "images/unpack/applier.h"
#include "images/unpack/budget.h"
#include "images/unpack/index_verify.h"
#include "images/unpack/indexer.h"
#include "images/unpack/stream.h"
#include "tests/fuzz/same_tree.h"
#include "tests/unit/base/scratch.h"

static const struct apply_options options = { .uid_count = 65536, .gid_count = 65536 };

struct member {
	const char *name;
	mode_t mode;         /* with its kind; S_IFMT: a hard link */
	const char *content; /* of a file, or the target of a link */
	uid_t uid;
};

/* A file that also has attributes, and a time with nanoseconds. */
static void dress(struct archive_entry *entry)
{
	static const char capability[20] = { 1, 0, 0, 2, 4 };

	archive_entry_set_mtime(entry, 1700000000, 123456789);
	archive_entry_xattr_add_entry(entry, "user.one", "value", 5);
	archive_entry_xattr_add_entry(entry, "user.overlay.redirect", "/x", 2);
	archive_entry_xattr_add_entry(entry, "security.capability", capability, sizeof capability);
}

static void add_member(struct archive *archive, const struct member *member)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = S_ISREG(member->mode) && member->content ? strlen(member->content) : 0;

	archive_entry_set_pathname(entry, member->name);
	archive_entry_set_mode(entry, (member->mode & S_IFMT) == S_IFMT ? S_IFREG | 0644 : member->mode);
	archive_entry_set_uid(entry, member->uid);
	archive_entry_set_gid(entry, member->uid);
	archive_entry_set_size(entry, (la_int64_t)length);
	archive_entry_set_mtime(entry, 1000, 0);
	if (member->mode & S_ISUID)
		dress(entry);
	if ((member->mode & S_IFMT) == S_IFMT)
		archive_entry_set_hardlink(entry, member->content);
	else if (S_ISLNK(member->mode))
		archive_entry_set_symlink(entry, member->content);
	cr_assert_eq(archive_write_header(archive, entry), ARCHIVE_OK, "%s", archive_error_string(archive));
	if (length)
		cr_assert_eq(archive_write_data(archive, member->content, length), (la_ssize_t)length);
	archive_entry_free(entry);
}

static int tar_of(const struct member *members, int (*format)(struct archive *))
{
	int fd = memfd_create("tar", MFD_CLOEXEC);
	struct archive *archive = archive_write_new();

	cr_assert(fd >= 0);
	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
	cr_assert_eq(format(archive), ARCHIVE_OK);
	if (format == archive_write_set_format_pax)
		cr_assert_eq(archive_write_set_options(archive, "xattrheader=SCHILY"), ARCHIVE_OK);
	cr_assert_eq(archive_write_open_fd(archive, fd), ARCHIVE_OK);
	for (; members->name; members++)
		add_member(archive, members);
	cr_assert_eq(archive_write_free(archive), ARCHIVE_OK);
	return fd;
}

static struct stream *open_tar(int tar, struct budget *budget)
{
	struct error e = { 0 };
	struct stream *stream;

	cr_assert_eq(lseek(tar, 0, SEEK_SET), 0);
	budget_init(budget, budget_default_limits(), -1);
	stream = stream_open(tar, DIGEST_SHA256, budget, &e);
	cr_assert_not_null(stream, "%s", e.text);
	return stream;
}

/* Makes the files layer.tar and layer.erofs in the current folder; whether the second is one. */
static bool make_index(int tar)
{
	const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
	autoclose int copy = open("layer.tar", flags, 0600), index = open("layer.erofs", flags, 0600);
	const struct index_files files = { .tar = copy, .index = index };
	struct apply_report report = { 0 };
	struct error e = { 0 };
	struct budget budget;
	struct digest digest;
	bool is_indexed = false;
	autorelease(stream) struct stream *stream = open_tar(tar, &budget);

	cr_assert(copy >= 0 && index >= 0);
	cr_assert_eq(index_tar(stream, &files, &options, &budget, &digest, &is_indexed, &report, &e), 0, "%s", e.text);
	cr_expect_eq(lseek(copy, 0, SEEK_END), lseek(tar, 0, SEEK_END), "the tar is whole in any case");
	return is_indexed;
}

static struct text read_index(void)
{
	autoclose int fd = open("layer.erofs", O_RDONLY | O_CLOEXEC);
	struct text bytes = { 0 };
	struct error e = { 0 };

	cr_assert(fd >= 0);
	cr_assert_eq(file_read_fd(fd, "layer.erofs", 1 << 24, &bytes, &e), 0);
	return bytes;
}

static int64_t tar_size(void)
{
	struct stat st;

	cr_assert_eq(stat("layer.tar", &st), 0);
	return st.st_size;
}

static const struct member ordinary[] = {
	{ "etc/", S_IFDIR | 0755, NULL, 0 },
	{ "etc/file", S_IFREG | S_ISUID | 0755, "content", 5 },
	{ "etc/empty", S_IFREG | 0600, NULL, 65535 },
	{ "etc/link", S_IFLNK | 0777, "file", 0 },
	{ "etc/again", S_IFMT, "etc/file", 5 },
	{ "etc/pipe", S_IFIFO | 0622, NULL, 7 },
	{ "-before-the-dots", S_IFREG | 0644, "x", 0 },
	{ "implied/deep/file", S_IFREG | 0644, "y", 0 },
	{ "gone/.wh.name", S_IFREG | 0644, NULL, 0 },
	{ "gone/.wh..wh..opq", S_IFREG | 0644, NULL, 0 },
	{ "gone/.wh.folder", S_IFREG | 0644, NULL, 0 },
	{ "gone/folder/new", S_IFREG | 0644, "z", 0 },
	{ "l", S_IFLNK | 0777, "implied/../implied/./deep", 0 },
	{ "l/through", S_IFREG | 0644, "w", 0 },
	{ "twice", S_IFREG | 0644, "old", 0 },
	{ "twice", S_IFREG | 0640, "newer", 1 },
	{ "was-folder/x", S_IFREG | 0644, "v", 0 },
	{ "was-folder", S_IFLNK | 0777, "etc", 0 },
	{ "was-link", S_IFLNK | 0777, "etc", 0 },
	{ "was-link", S_IFDIR | 01777, NULL, 0 },
	{ "umlaut-\xc3\xa4\xe2\x82\xac", S_IFREG | 0644, "u", 0 },
	{ NULL, 0, NULL, 0 },
};

Test(index, both_forms_hold_the_same)
{
	SCRATCH();
	autoclose int tar = tar_of(ordinary, archive_write_set_format_pax);
	struct same_tree same = { .base = ID_POOL_BASE };
	autoclose int root = -1, index = -1, copy = -1, mount = -1;
	struct apply_report report = { 0 };
	struct error e = { 0 };
	struct budget budget;
	struct digest digest;

	if (geteuid() != 0 || !layer_mount_probe(AT_FDCWD, &e))
		cr_skip_test("only root, and only some kernels and file systems, can mount an index: %s", e.text);
	cr_assert(make_index(tar));
	cr_assert_eq(mkdir("root", 0755), 0);
	root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	{
		autorelease(stream) struct stream *stream = open_tar(tar, &budget);

		cr_assert_eq(apply_tar(stream, root, &options, &budget, &digest, &report, &e), 0, "%s", e.text);
	}
	index = open("layer.erofs", O_RDONLY | O_CLOEXEC);
	copy = open("layer.tar", O_RDONLY | O_CLOEXEC);
	mount = layer_mount(index, copy, &e);
	cr_assert(mount >= 0, "%s: %s", e.text, e.hint);
	cr_expect(tree_is_same(&same, root, mount), "%s", same.where);
	cr_expect_eq(same.compared, 20, "%lld", same.compared);
}

/* Each way that this host has shows the same file. */
Test(index, every_way_mounts)
{
	SCRATCH();
	autoclose int tar = tar_of(ordinary, archive_write_set_format_pax), index = -1, copy = -1;
	struct error e = { 0 };
	int mounted = 0;

	if (geteuid() != 0 || !layer_mount_probe(AT_FDCWD, &e))
		cr_skip_test("only root, and only some kernels and file systems, can mount an index: %s", e.text);
	cr_assert(make_index(tar));
	index = open("layer.erofs", O_RDONLY | O_CLOEXEC);
	copy = open("layer.tar", O_RDONLY | O_CLOEXEC);
	for (unsigned way = 0;; way++) {
		autoclose int mount = -1, file = -1;
		char content[16] = "";

		error_clear(&e);
		mount = layer_mount_by(way, index, copy, &e);
		if (mount < 0 && e.sys == ENOENT)
			break;
		if (mount < 0)
			continue;
		mounted++;
		file = openat(mount, "etc/file", O_RDONLY | O_CLOEXEC);
		cr_expect_eq(read(file, content, sizeof content), 7);
		cr_expect_str_eq(content, "content");
	}
	cr_expect(mounted > 0);
}

Test(index, the_same_tar_makes_the_same_bytes)
{
	SCRATCH();
	autoclose int tar = tar_of(ordinary, archive_write_set_format_pax);
	autorelease(text) struct text first = { 0 };
	autorelease(text) struct text second = { 0 };

	cr_assert(make_index(tar));
	first = read_index();
	cr_assert(make_index(tar));
	second = read_index();
	cr_assert_eq(first.length, second.length);
	cr_expect_eq(memcmp(first.data, second.data, first.length), 0);
}

Test(index, long_names_of_both_kinds)
{
	SCRATCH();
	char name[300] = "", target[300] = "";
	const struct member members[] = { { name, S_IFREG | 0644, "x", 0 }, { "l", S_IFLNK | 0777, target, 0 }, { NULL, 0, NULL, 0 } };
	int (*const formats[])(struct archive *) = { archive_write_set_format_pax, archive_write_set_format_gnutar };

	for (size_t i = 0; i < sizeof name - 1; i++)
		name[i] = i % 100 == 99 ? '/' : 'n';
	memset(target, 't', sizeof target - 1);
	for (size_t i = 0; i < 2; i++) {
		autoclose int tar = tar_of(members, formats[i]);
		autorelease(text) struct text index = { 0 };

		cr_assert(make_index(tar), "%zu", i);
		index = read_index();
		cr_expect_not_null(memmem(index.data, index.length, target, sizeof target - 1), "%zu", i);
	}
}

/* What the folder form refuses, and what has no place in an index, leaves the tar for it. */
Test(index, others_are_left_to_the_folder_form)
{
	SCRATCH();
	const struct member refused[][3] = {
		{ { "../x", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } },
		{ { "x", S_IFREG | 0644, "x", 65536 }, { NULL, 0, NULL, 0 } },
		{ { ".wh.", S_IFREG | 0644, NULL, 0 }, { NULL, 0, NULL, 0 } },
		{ { ".wh.x", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } },
		{ { "h", S_IFMT, "nothing", 0 }, { NULL, 0, NULL, 0 } },
		{ { "l", S_IFLNK | 0777, "l", 0 }, { "l/x", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } },
		{ { "f", S_IFREG | 0644, NULL, 0 }, { "f/x", S_IFREG | 0644, "x", 0 }, { NULL, 0, NULL, 0 } },
	};

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		autoclose int tar = tar_of(refused[i], archive_write_set_format_pax);

		cr_expect_not(make_index(tar), "%zu: %s", i, refused[i][0].name);
	}
}

/* Bytes of an ordinary index, each changed in turn: what is still taken must be one of the few that mean nothing to the kernel's safety. */
Test(index, a_changed_index_is_refused)
{
	SCRATCH();
	autoclose int tar = tar_of(ordinary, archive_write_set_format_pax);
	autorelease(text) struct text index = { 0 };
	size_t taken = 0, inodes_end;
	struct error e = { 0 };

	cr_assert(make_index(tar));
	index = read_index();
	cr_assert_eq(index_verify((unsigned char *)index.data, index.length, tar_size(), &e), 0, "%s", e.text);
	inodes_end = 3 * EROFS_BLOCK;
	for (size_t i = EROFS_SUPER_AT; i < index.length; i++) {
		index.data[i] ^= 0x40;
		error_clear(&e);
		if (index_verify((unsigned char *)index.data, index.length, tar_size(), &e) == 0) {
			taken++;
			cr_expect_geq(i, inodes_end, "byte %zu of the superblock", i);
		}
		index.data[i] ^= 0x40;
	}
	/* Modes, times, letters of names, targets and values, and the low bits of a chunk's place. */
	cr_expect_lt(taken, index.length / 12, "%zu of %zu", taken, index.length);
	for (size_t length = 0; length < index.length; length += EROFS_BLOCK)
		cr_expect_eq(index_verify((unsigned char *)index.data, length, tar_size(), &e), -1, "%zu", length);
	cr_expect_eq(index_verify((unsigned char *)index.data, index.length, tar_size() - 10240, &e), -1);
}
