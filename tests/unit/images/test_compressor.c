/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/unpack/budget.h"
#include "images/unpack/compressor.h"
#include "images/unpack/hash.h"
#include "images/unpack/stream.h"

/* A size that ends within a block, at its end, and nothing at all. */
static const size_t sizes[] = { 0, 1, 1 << 20, (17 << 20) + 5 };

static char *make(size_t size)
{
	char *bytes = alloc_zeroed(1, size + 1);
	uint32_t seed = 1;

	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (char)("abcdefgh"[seed >> 29] + (i >> 12 & 7));
	}
	return bytes;
}

static void compress(enum compression compression, const char *bytes, size_t size, struct text *ret)
{
	int from = file_in_memory("from", bytes, size), to = file_in_memory("to", "", 0);
	struct error e = { 0 };

	cr_assert(compressor_run(compression, from, to, &e) == 0, "%s", e.text);
	cr_assert(lseek(to, 0, SEEK_SET) == 0 && file_read_fd(to, "to", 64 << 20, ret, &e) == 0);
	close(from);
	close(to);
}

static void expect_back(const struct text *packed, const char *bytes, size_t size)
{
	int fd = file_in_memory("packed", packed->data, packed->length);
	struct digest got, wanted;
	struct budget budget;
	struct error e = { 0 };
	struct stream *stream;
	struct hash *hash = hash_begin(DIGEST_SHA256, &e);

	budget_init(&budget, budget_default_limits(), -1);
	stream = stream_open(fd, DIGEST_SHA256, &budget, &e);
	cr_assert(stream != NULL, "%s", e.text);
	cr_assert(stream_digest(stream, &got, &e) == 0, "%s", e.text);
	hash_add(hash, bytes, size);
	hash_end(hash, &wanted);
	cr_assert(digest_equal(&got, &wanted));
	hash_free(hash);
	stream_free(stream);
	close(fd);
}

static void check(enum compression compression)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *bytes = make(sizes[i]);
		struct text packed = { 0 };

		compress(compression, bytes, sizes[i], &packed);
		expect_back(&packed, bytes, sizes[i]);
		cr_assert(sizes[i] < 1000 || packed.length < sizes[i] * 3 / 4);
		text_release(&packed);
		free(bytes);
	}
}

Test(compressor, gzip_comes_back)
{
	check(COMPRESSION_GZIP);
}

Test(compressor, zstd_comes_back)
{
	check(COMPRESSION_ZSTD);
}

Test(compressor, one_processor_and_all_give_the_same_bytes)
{
	size_t size = sizes[3];
	char *bytes = make(size);

	for (int i = COMPRESSION_GZIP; i <= COMPRESSION_ZSTD; i++) {
		struct text all = { 0 }, one = { 0 };
		cpu_set_t before, set;

		compress((enum compression)i, bytes, size, &all);
		cr_assert(sched_getaffinity(0, sizeof before, &before) == 0);
		CPU_ZERO(&set);
		for (int cpu = 0; !CPU_COUNT(&set); cpu++)
			if (CPU_ISSET(cpu, &before))
				CPU_SET(cpu, &set);
		cr_assert(sched_setaffinity(0, sizeof set, &set) == 0);
		compress((enum compression)i, bytes, size, &one);
		cr_assert(sched_setaffinity(0, sizeof before, &before) == 0);
		cr_assert(all.length == one.length && memcmp(all.data, one.data, one.length) == 0);
		text_release(&all);
		text_release(&one);
	}
	free(bytes);
}
