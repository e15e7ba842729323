/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_record.c - the store's small files: what is written is read again, and when a source is not trusted.
 */
#include "base/cleanup.h"
#include <errno.h>

#include "base/alloc.h"
#include "base/text.h"
#include "images/record.h"
#include "tests/unit/base/scratch.h"

#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZERO64 "0000000000000000000000000000000000000000000000000000000000000000"

static int make_store(void)
{
	int fd;

	cr_assert_eq(mkdir("images", 0700) | mkdir("sources", 0700), 0);
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(fd >= 0);
	return fd;
}

Test(record, an_image_goes_there_and_back)
{
	SCRATCH();
	autoclose int store = make_store();
	struct image_record record = { .image = alloc_copy("sha256:" HEX64), .config = alloc_copy("sha256:" ZERO64) };
	struct image_record again = { 0 };
	struct error e = { 0 };
	struct digest digest;

	list_add(&record.layers, "sha256:" ZERO64);
	list_add(&record.layers, "sha256:" HEX64);
	cr_assert_eq(image_record_write(store, &record, &e), 0, "%s", e.text);
	cr_assert_eq(digest_parse(record.image, &digest), 0);
	cr_assert_eq(image_record_read(store, &digest, &again, &e), 0, "%s", e.text);
	cr_expect_str_eq(again.image, record.image);
	cr_expect_str_eq(again.config, record.config);
	cr_assert_eq(again.layers.count, 2);
	cr_expect_str_eq(again.layers.items[0], "sha256:" ZERO64);
	cr_expect_str_eq(again.layers.items[1], "sha256:" HEX64);
	image_record_release(&again);
	image_record_release(&record);
}

Test(record, broken_images_are_refused)
{
	static const char *const broken[] = {
		"",
		"{",
		"[]",
		"{\"image\": \"sha256:" HEX64 "\"}",
		"{\"image\": \"sha256:" HEX64 "\", \"layers\": []}",
		"{\"image\": \"sha256:" HEX64 "\", \"layers\": [\"../../etc\"]}",
		"{\"image\": \"..\", \"layers\": [\"sha256:" HEX64 "\"]}",
		"{\"image\": \"sha256:" HEX64 "\", \"config\": \"/etc/passwd\", \"layers\": [\"sha256:" HEX64 "\"]}",
	};
	SCRATCH();
	autoclose int store = make_store();
	struct digest digest;

	cr_assert_eq(digest_parse("sha256:" HEX64, &digest), 0);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct image_record record = { 0 };
		struct error e = { 0 };

		put("images/sha256-" HEX64 ".json", broken[i]);
		cr_expect_eq(image_record_read(store, &digest, &record, &e), -1, "taken: %s", broken[i]);
		cr_expect_neq(e.kind, ERROR_NONE);
		cr_expect_null(record.image);
	}
}

/* A file that was last touched age seconds before its record was made. */
static void aged(int64_t age_ns, struct stat *st, struct source_record *record)
{
	source_record_stat(st, record);
	record->modified_ns = record->changed_ns = record->written_ns - age_ns;
	st->st_mtim.tv_sec = st->st_ctim.tv_sec = record->modified_ns / 1000000000;
	st->st_mtim.tv_nsec = st->st_ctim.tv_nsec = record->modified_ns % 1000000000;
}

Test(record, a_source_is_trusted_only_when_it_is_older_than_the_clocks_doubt)
{
	struct stat st = { .st_dev = 5, .st_ino = 6, .st_size = 7 };
	struct source_record record = { 0 };

	aged(INT64_C(3000000000), &st, &record);
	cr_expect(source_record_is_true(&record, &st, NULL));
	aged(INT64_C(2000000001), &st, &record);
	cr_expect(source_record_is_true(&record, &st, NULL));
	aged(INT64_C(2000000000), &st, &record);
	cr_expect_not(source_record_is_true(&record, &st, NULL));
	aged(INT64_C(1), &st, &record);
	cr_expect_not(source_record_is_true(&record, &st, NULL));
	/* A file from the future is never trusted. */
	aged(INT64_C(-1000000000), &st, &record);
	cr_expect_not(source_record_is_true(&record, &st, NULL));
}

Test(record, every_difference_of_a_source_counts)
{
	struct stat st = { .st_dev = 5, .st_ino = 6, .st_size = 7 }, other;
	struct source_record record = { 0 };

	aged(INT64_C(10000000000), &st, &record);
	cr_assert(source_record_is_true(&record, &st, NULL));
	cr_expect_not(source_record_is_true(&record, &st, "tag"));
	other = st, other.st_dev++;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
	other = st, other.st_ino++;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
	other = st, other.st_size++;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
	other = st, other.st_mtim.tv_nsec ^= 1;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
	other = st, other.st_ctim.tv_nsec ^= 1;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
	/* Only the change time moves when a program restores the other one: cp -p over the file. */
	record.changed_ns = record.written_ns;
	other = st, other.st_ctim.tv_sec = record.written_ns / 1000000000,
	other.st_ctim.tv_nsec = record.written_ns % 1000000000;
	cr_expect_not(source_record_is_true(&record, &other, NULL));
}

Test(record, sources_with_different_tags_have_different_records)
{
	SCRATCH();
	autoclose int store = make_store();
	struct reference reference = { .kind = REFERENCE_OCI };
	struct source_record record = { .path = alloc_copy("/a"), .image = alloc_copy("sha256:" HEX64) }, again = { 0 };
	struct stat st = { .st_dev = 5, .st_ino = 6, .st_size = 7 };
	struct error e = { 0 };

	source_record_stat(&st, &record);
	cr_assert_eq(source_record_write(store, REFERENCE_OCI, &record, &e), 0, "%s", e.text);
	cr_assert_eq(source_record_read(store, &reference, &st, &again, &e), 0, "%s", e.text);
	cr_expect_str_eq(again.image, "sha256:" HEX64);
	cr_expect_eq(again.size, 7);
	cr_expect_eq(again.written_ns, record.written_ns);
	cr_expect_null(again.tag);
	source_record_release(&again);
	reference.tag = alloc_copy("web");
	cr_expect_eq(source_record_read(store, &reference, &st, &again, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
	reference_release(&reference);
	reference.kind = REFERENCE_OCI_ARCHIVE;
	error_clear(&e);
	cr_expect_eq(source_record_read(store, &reference, &st, &again, &e), -1);
	source_record_release(&record);
}
