/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stream.c - decompression and digests: members, padding, truncation, in buffers that end anywhere.
 */
#include <isa-l/igzip_lib.h>
#include <sys/mman.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/alloc.h"
#include "base/text.h"
#include "images/unpack/budget.h"
#include "images/unpack/hash.h"
#include "images/unpack/stream.h"
#include "tests/unit/base/scratch.h"

enum { CONTENT = 3 << 20 };

/* Bytes that compress, but not too well. */
static void fill(unsigned char *bytes, size_t length)
{
	uint32_t state = 12345;

	for (size_t i = 0; i < length; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(state >> 28);
	}
}

static void add_gzip(struct text *to, const unsigned char *bytes, size_t length)
{
	struct isal_zstream stream;
	unsigned char *out = alloc_zeroed(length + 65536, 1);
	unsigned char *level = alloc_zeroed(ISAL_DEF_LVL1_DEFAULT, 1);

	isal_deflate_init(&stream);
	stream.gzip_flag = IGZIP_GZIP;
	stream.level = 1;
	stream.level_buf = level;
	stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	stream.end_of_stream = 1;
	stream.next_in = (uint8_t *)(uintptr_t)bytes;
	stream.avail_in = (uint32_t)length;
	stream.next_out = out;
	stream.avail_out = (uint32_t)length + 65536;
	cr_assert_eq(isal_deflate(&stream), COMP_OK);
	text_add_bytes(to, out, stream.total_out);
	free(level);
	free(out);
}

static void add_zstd(struct text *to, const unsigned char *bytes, size_t length)
{
	size_t bound = ZSTD_compressBound(length), size;
	unsigned char *out = alloc_zeroed(bound, 1);

	size = ZSTD_compress(out, bound, bytes, length, 3);
	cr_assert_not(ZSTD_isError(size));
	text_add_bytes(to, out, size);
	free(out);
}

static int input_of(const struct text *text)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text->data, text->length), (ssize_t)text->length);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The digest of what comes out of input, or the error's text in e. */
static int run(const struct text *input, struct digest *ret, struct error *e)
{
	autoclose int fd = input_of(input);
	struct budget budget;
	struct stream *stream;
	int result;

	budget_init(&budget, budget_default_limits(), -1);
	stream = stream_open(fd, DIGEST_SHA256, &budget, e);
	result = stream ? stream_digest(stream, ret, e) : -1;
	stream_free(stream);
	return result;
}

static void digest_of(const unsigned char *bytes, size_t length, struct digest *ret)
{
	struct error e = { 0 };
	struct hash *hash = hash_begin(DIGEST_SHA256, &e);

	hash_add(hash, bytes, length);
	hash_end(hash, ret);
	hash_free(hash);
}

Test(stream, hash_is_sha256)
{
	struct digest digest;

	digest_of((const unsigned char *)"abc", 3, &digest);
	cr_expect_str_eq(digest.hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void expect_digest(const struct text *input, const unsigned char *bytes, size_t length, const char *what)
{
	struct digest expected, found = { 0 };
	struct error e = { 0 };

	digest_of(bytes, length, &expected);
	cr_assert_eq(run(input, &found, &e), 0, "%s: %s", what, e.text);
	cr_expect(digest_equal(&expected, &found), "%s: other bytes came out", what);
}

Test(stream, all_compressions_give_the_same_bytes)
{
	autofree unsigned char *bytes = alloc_zeroed(CONTENT, 1);
	struct text plain = { 0 }, gzip = { 0 }, members = { 0 }, zstd = { 0 };

	fill(bytes, CONTENT);
	text_add_bytes(&plain, bytes, CONTENT);
	expect_digest(&plain, bytes, CONTENT, "plain");
	add_gzip(&gzip, bytes, CONTENT);
	cr_assert_lt(gzip.length, CONTENT);
	expect_digest(&gzip, bytes, CONTENT, "gzip");
	for (size_t at = 0; at < CONTENT; at += 300000)
		add_gzip(&members, bytes + at, at + 300000 < CONTENT ? 300000 : CONTENT - at);
	expect_digest(&members, bytes, CONTENT, "gzip members");
	for (int i = 0; i < 700; i++)
		text_add_bytes(&members, "\0", 1);
	expect_digest(&members, bytes, CONTENT, "gzip members and zeros");
	add_zstd(&zstd, bytes, 1000000);
	add_zstd(&zstd, bytes + 1000000, CONTENT - 1000000);
	expect_digest(&zstd, bytes, CONTENT, "zstd frames");
	text_release(&plain);
	text_release(&gzip);
	text_release(&members);
	text_release(&zstd);
}

static void expect_refused(const struct text *input, size_t length, const char *part)
{
	struct text cut = { 0 };
	struct digest digest;
	struct error e = { 0 };

	text_add_bytes(&cut, input->data, length);
	cr_expect_eq(run(&cut, &digest, &e), -1, "taken with %zu of %zu bytes", length, input->length);
	cr_expect_not_null(strstr(e.text, part), "%zu of %zu bytes: %s", length, input->length, e.text);
	text_release(&cut);
}

Test(stream, every_truncation_is_seen)
{
	unsigned char bytes[3000];
	struct text gzip = { 0 }, zstd = { 0 };

	fill(bytes, sizeof bytes);
	add_gzip(&gzip, bytes, sizeof bytes);
	add_zstd(&zstd, bytes, sizeof bytes);
	for (size_t length = 2; length < gzip.length; length++)
		expect_refused(&gzip, length, "gzip data");
	for (size_t length = 4; length < zstd.length; length++)
		expect_refused(&zstd, length, "zstd data");
	text_release(&gzip);
	text_release(&zstd);
}

Test(stream, bytes_behind_the_end_are_refused)
{
	struct text gzip = { 0 }, zstd = { 0 };

	add_gzip(&gzip, (const unsigned char *)"content", 7);
	text_add_bytes(&gzip, "\0\0\0x", 4);
	expect_refused(&gzip, gzip.length, "followed by other bytes");
	add_zstd(&zstd, (const unsigned char *)"content", 7);
	text_add(&zstd, "x");
	expect_refused(&zstd, zstd.length, "zstd data");
	text_release(&gzip);
	text_release(&zstd);
}

Test(stream, bombs_end_early)
{
	autofree unsigned char *zeros = alloc_zeroed(80 << 20, 1);
	struct text zstd = { 0 };

	add_zstd(&zstd, zeros, 80 << 20);
	expect_refused(&zstd, zstd.length, "decompression bomb");
	text_release(&zstd);
}
