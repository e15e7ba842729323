/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_listing.c - what is in a folder, and what two listings of it differ in.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/unpack/hash.h"
#include "images/unpack/listing.h"
#include "tests/unit/base/scratch.h"

/* "TYPE NAME|…" as a listing; a letter in upper case makes the entry another one of the same name. */
static int make_listing(const char *words)
{
	autorelease(text) struct text bytes = { 0 };
	char *copy = strdup(words), *rest = copy, *entry;
	int fd;

	while ((entry = strsep(&rest, "|")) && *entry) {
		text_addf(&bytes, "%c %s 0 0 1 0 0.000000000 - %s", entry[0] | 0x20, entry[0] & 0x20 ? "644" : "600", entry + 2);
		text_add_char(&bytes, '\0');
	}
	free(copy);
	fd = file_in_memory("listing", bytes.data ? bytes.data : "", bytes.length);
	cr_assert_geq(fd, 0);
	return fd;
}

struct comparison {
	char before[160], now[160], words[120];
};

ParameterizedTestParameters(listing, compare)
{
	static struct comparison rows[] = {
		{ "d .|f a|d b|f c", "d .|f a|d b|f c", "" },
		{ "d .|f a", "d .|F a", "/a has changed" },
		{ "d .|f a|f b", "d .|f b", "/a is missing" },
		{ "d .|f b", "d .|f a|f b", "/a was added" },
		{ "d .|d a|f x|d a/b|f y|d a.b|f z", "d .|d a|f x|d a.b|f z", "/a/b is missing, and 1 other names" },
		{ "d .|d a|d a.b", "d .|d a|d a/b|f y|d a.b", "/a/b was added, and 1 other names" },
		{ "d .|d a|f x|d b", "d .|d b", "/a is missing, and 1 other names" },
		{ "d .|f a|d b", "d .|d a|d b", "/a is missing, and 1 other names" },
		{ "d .|d a|f z|d b", "d .|d a|f z|D b|f new", "/b has changed, and 1 other names" },
		{ "d .|l \n\033", "d .|L \n\033", "/\\n\\x1b has changed" },
		{ "d .", "D .", "/ has changed" },
		{ "d .|f a", "", "/ is missing, and 1 other names" },
	};

	return cr_make_param_array(struct comparison, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct comparison *row, listing, compare)
{
	autoclose int before = make_listing(row->before), now = make_listing(row->now);
	autorelease(text) struct text words = { 0 };
	struct error e = { 0 };

	cr_assert_eq(listing_compare(before, now, &words, &e), *row->words != '\0', "%s", e.text);
	cr_assert_str_eq(words.data ? words.data : "", row->words);
}

Test(listing, damaged)
{
	static const char *const broken[] = { "d 755 0 0 0 0 0.0 -", "f 755 0 0 1 0 0.0 - name-before-any-folder", "x" };
	autorelease(text) struct text words = { 0 };

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		autoclose int before = file_in_memory("listing", broken[i], strlen(broken[i]) + 1), now = make_listing("d .");
		struct error e = { 0 };

		cr_assert_eq(listing_compare(before, now, &words, &e), -1);
		cr_assert_str_eq(e.text, "the record of what is in it is damaged");
	}
}

static int list(int root)
{
	int fd = file_in_memory("listing", "", 0);
	struct error e = { 0 };

	cr_assert_eq(listing_write(root, fd, NULL, &e), 0, "%s", e.text);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* What a folder holds is compared as it is read; the same folder read twice is the same. */
Test(listing, folder)
{
	SCRATCH();
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	autorelease(text) struct text words = { 0 };
	struct error e = { 0 };
	autoclose int before = -1, same = -1, now = -1;

	cr_assert_eq(hash_prepare(&e), 0);
	put("one", "first");
	cr_assert_eq(link("one", "two"), 0);
	cr_assert_eq(mkdir("deep", 0755), 0);
	put("deep/file", "same length");
	cr_assert_eq(symlink("one", "link"), 0);
	cr_assert_eq(utimensat(scratch, "deep/file", times, 0), 0);
	before = list(scratch);
	same = list(scratch);
	cr_assert_eq(listing_compare(before, same, &words, &e), 0, "%s", words.data);
	/* Neither size nor time tells. */
	put("deep/file", "SAME length");
	cr_assert_eq(utimensat(scratch, "deep/file", times, 0), 0);
	now = list(scratch);
	cr_assert_eq(lseek(before, 0, SEEK_SET), 0);
	cr_assert_eq(listing_compare(before, now, &words, &e), 1);
	cr_assert_str_eq(words.data, "/deep/file has changed");
}
