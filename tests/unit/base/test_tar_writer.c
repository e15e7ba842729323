/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tar_writer.c - what libarchive reads of it.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/tar_writer.h"
#include "tests/unit/base/scratch.h"

static struct archive *open_tar(const char *path)
{
	struct archive *archive = archive_read_new();

	cr_assert_eq(archive_read_support_format_tar(archive), ARCHIVE_OK);
	cr_assert_eq(archive_read_open_filename(archive, path, 4096), ARCHIVE_OK, "%s", archive_error_string(archive));
	return archive;
}

/* The next member is this one. */
static void expect_member(struct archive *archive, const char *name, mode_t mode, int64_t size)
{
	struct archive_entry *entry;

	cr_assert_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK, "%s", archive_error_string(archive));
	cr_expect_str_eq(archive_entry_pathname(entry), name);
	cr_expect_eq(archive_entry_mode(entry), mode);
	cr_expect_eq(archive_entry_size(entry), size);
	cr_expect_eq(archive_entry_uid(entry) + archive_entry_gid(entry) + archive_entry_mtime(entry), 0);
}

Test(tar_writer, members_are_read_back_with_every_padding)
{
	SCRATCH();
	struct error e = { 0 };
	char bytes[1025];
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 1024, 1025 };
	autoclose int fd = open("a.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct archive *archive;
	struct archive_entry *entry;
	char got[1025];

	memset(bytes, 'x', sizeof bytes);
	cr_assert_eq(tar_write_folder(fd, "blobs/", &e), 0, "%s", e.text);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		cr_assert_eq(tar_write_bytes(fd, "blob", bytes, sizes[i], &e), 0, "%s", e.text);
	cr_assert_eq(tar_write_end(fd, &e), 0);
	archive = open_tar("a.tar");
	expect_member(archive, "blobs/", S_IFDIR | 0755, 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		expect_member(archive, "blob", S_IFREG | 0644, (int64_t)sizes[i]);
		cr_expect_eq(archive_read_data(archive, got, sizeof got), (ssize_t)sizes[i]);
		cr_expect_eq(memcmp(got, bytes, sizes[i]), 0);
	}
	cr_expect_eq(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
	cr_expect_eq(archive_read_free(archive), ARCHIVE_OK);
}

Test(tar_writer, a_file_that_became_shorter_is_an_error)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int fd = open("a.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	autoclose int from = -1;

	put("file", "1234");
	from = open("file", O_RDONLY | O_CLOEXEC);
	cr_expect_eq(tar_write_file(fd, "file", from, 5, &e), -1);
	cr_expect_str_eq(e.text, "read file: it ends before its 5 bytes");
}

Test(tar_writer, sizes_from_8_gib_on_have_the_binary_form)
{
	SCRATCH();
	struct error e = { 0 };
	const int64_t size = (INT64_C(1) << 33) + 5;
	autoclose int fd = open("a.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	autoclose int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct archive *archive;

	/* The header is written before the content is missed. */
	cr_expect_eq(tar_write_file(fd, "large", empty, size, &e), -1);
	archive = open_tar("a.tar");
	expect_member(archive, "large", S_IFREG | 0644, size);
	cr_expect_eq(archive_read_free(archive), ARCHIVE_OK);
}

/* Everything that has no place in a header, and names right at its border. */
Test(tar_writer, what_does_not_fit_a_header_is_read_back_all_the_same)
{
	SCRATCH();
	struct error e = { 0 };
	const struct tar_attribute attributes[] = {
		{ "security.capability", "\1\0\0\2", 4 }, { "user.empty", "", 0 }, { "user.line", "a\nb=c", 5 }
	};
	autoclose int fd = open("a.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct archive *archive;

	for (size_t length = 97; length < 104; length++) {
		autofree char *path = text_format("%0*d", (int)length, 7), *target = text_format("%0*d", (int)length + 900, 8);
		const struct tar_entry entry = { .type = TAR_LINK, .path = path, .target = target, .mode = 0777, .uid = 0x70000001, .gid = 2097151,
						 .mtime = { 17, 5 }, .attributes = attributes, .attribute_count = 3 };

		cr_assert_eq(tar_write_header(fd, &entry, &e), 0, "%s", e.text);
	}
	cr_assert_eq(tar_write_end(fd, &e), 0);
	archive = open_tar("a.tar");
	for (size_t length = 97; length < 104; length++) {
		autofree char *path = text_format("%0*d", (int)length, 7), *target = text_format("%0*d", (int)length + 900, 8);
		struct archive_entry *entry;
		const void *value;
		const char *name;
		size_t size;

		cr_assert_eq(archive_read_next_header(archive, &entry), ARCHIVE_OK, "%s", archive_error_string(archive));
		cr_expect_str_eq(archive_entry_pathname(entry), path);
		cr_expect_str_eq(archive_entry_symlink(entry), target);
		cr_expect_eq(archive_entry_uid(entry), 0x70000001);
		cr_expect_eq(archive_entry_gid(entry), 2097151);
		cr_expect_eq(archive_entry_mtime(entry), 17);
		cr_expect_eq(archive_entry_mtime_nsec(entry), 5);
		cr_expect_eq(archive_entry_xattr_count(entry), 3);
		archive_entry_xattr_reset(entry);
		for (size_t i = 0; i < 3 && archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK; i++)
			for (size_t n = 0; n < 3; n++)
				if (strcmp(attributes[n].name, name) == 0)
					cr_expect(size == attributes[n].size && memcmp(value, attributes[n].value, size) == 0, "%s", name);
	}
	cr_expect_eq(archive_read_free(archive), ARCHIVE_OK);
}

Test(tar_writer, a_file_that_became_shorter_is_filled_up_where_that_is_wanted)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int fd = open("a.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	autoclose int from = -1;
	int64_t missing = 0;

	put("file", "1234");
	from = open("file", O_RDONLY | O_CLOEXEC);
	cr_expect_eq(tar_write_content(fd, "file", from, 20000, &missing, &e), 0, "%s", e.text);
	cr_expect_eq(missing, 19996);
	cr_expect_eq(lseek(fd, 0, SEEK_CUR), 20480);
}
