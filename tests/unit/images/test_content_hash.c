/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_content_hash.c - one digest, however a file's bytes come, and whether zeros are written or left out.
 */
#include <string.h>

#include "base/cleanup.h"
#include "images/unpack/content_hash.h"
#include "images/unpack/content_notes.h"
#include "tests/unit/base/scratch.h"

enum { SIZE = 3 * CONTENT_PIECE + 1000 };

/* In blocks of step bytes; blocks of zeros alone are left out where has_holes. */
static struct digest digest_of(const char *bytes, size_t size, size_t step, bool has_holes)
{
	static const char zeros[SIZE];
	struct error e = { 0 };
	autorelease(content_hash) struct content_hash *hash = content_hash_begin(&e);
	struct digest digest;

	cr_assert_not_null(hash, "%s", e.text);
	for (size_t at = 0; at < size; at += step) {
		size_t length = step < size - at ? step : size - at;

		if (!has_holes || memcmp(bytes + at, zeros, length) != 0)
			content_hash_add(hash, (int64_t)at, bytes + at, length);
	}
	content_hash_finish(hash, (int64_t)size);
	content_hash_end(hash, &digest);
	return digest;
}

static void expect_one(const char *bytes, size_t size, const char *what)
{
	static const size_t steps[] = { 1, 511, 4096, CONTENT_PIECE - 1, CONTENT_PIECE, CONTENT_PIECE + 1, SIZE };
	struct digest whole = digest_of(bytes, size, SIZE, false);

	for (size_t i = 0; i < 2 * sizeof steps / sizeof *steps; i++) {
		struct digest parts = digest_of(bytes, size, steps[i / 2], i % 2);

		cr_expect_str_eq(parts.hex, whole.hex, "%s, in blocks of %zu%s", what, steps[i / 2], i % 2 ? " with holes" : "");
	}
}

Test(content_hash, blocks_and_holes_do_not_matter)
{
	static char bytes[SIZE], other[SIZE];
	struct digest zeros;

	expect_one(bytes, SIZE, "zeros");
	expect_one(bytes, 0, "nothing");
	zeros = digest_of(bytes, SIZE, SIZE, false);
	bytes[2 * CONTENT_PIECE + 5] = 'x';
	expect_one(bytes, SIZE, "one byte in the third piece");
	memset(bytes, 'a', CONTENT_PIECE + 7);
	expect_one(bytes, SIZE, "a part of the second piece");
	memset(bytes, 'a', sizeof bytes);
	expect_one(bytes, SIZE, "full");
	memcpy(other, bytes, sizeof bytes);
	other[SIZE - 1] = 'b';
	cr_expect_str_neq(digest_of(bytes, SIZE, SIZE, false).hex, digest_of(other, SIZE, SIZE, false).hex);
	cr_expect_str_neq(digest_of(bytes, SIZE, SIZE, false).hex, digest_of(bytes, SIZE - 1, SIZE, false).hex);
	cr_expect_str_neq(digest_of(bytes, SIZE, SIZE, false).hex, zeros.hex);
	cr_expect_str_eq(digest_of(bytes, 0, SIZE, false).hex, "-");
}

/* A piece of zeros in another place is another file, as its place counts for the rest. */
Test(content_hash, places_count)
{
	static char first[SIZE], second[SIZE];

	memset(first, 'a', CONTENT_PIECE);
	memset(second + CONTENT_PIECE, 'a', CONTENT_PIECE);
	cr_expect_str_neq(digest_of(first, SIZE, SIZE, false).hex, digest_of(second, SIZE, SIZE, false).hex);
}

Test(content_notes, the_last_word_about_an_inode_counts)
{
	struct content_notes notes = { 0 };
	struct digest digest = { .algorithm = DIGEST_SHA256 }, found;

	cr_expect_not(content_notes_find(NULL, 1, &found));
	cr_expect_not(content_notes_find(&notes, 1, &found));
	for (ino_t i = 0; i < 3000; i++) {
		(void)snprintf(digest.hex, sizeof digest.hex, "%064zu", (size_t)i);
		content_notes_add(&notes, i % 1000, &digest);
	}
	content_notes_sort(&notes);
	for (ino_t i = 0; i < 1000; i++) {
		cr_assert(content_notes_find(&notes, i, &found));
		cr_assert_eq(strtoul(found.hex, NULL, 10), 2000 + i);
	}
	cr_expect_not(content_notes_find(&notes, 1000, &found));
	content_notes_release(&notes);
}
