/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.c - how much an image may cost this host.
 */
#include "images/unpack/budget.h"

#include <sys/statvfs.h>

#include "base/error.h"
#include "base/number.h"

enum { FREE_CHECK_EVERY = 64 << 20, NAMES_CHECK_EVERY = 64 };

static const struct budget_limits defaults = {
	.bytes = INT64_C(10) << 30,
	.image_bytes = INT64_C(40) << 30,
	.ratio = 200,
	.ratio_from = 64 << 20,
	.entries = 2000000,
	.depth = 512,
	.path = 4096,
	.component = 255,
	.xattr_bytes = 64 << 10,
	.folder_names = 64 << 20,
	.free_percent = 5,
	.free_bytes = 1 << 30,
	.free_files = 100000,
	.window_log = 27,
};

const struct budget_limits *budget_default_limits(void)
{
	return &defaults;
}

void budget_init(struct budget *budget, const struct budget_limits *limits, int folder)
{
	*budget = (struct budget){ .limits = limits, .folder = folder };
}

int budget_inflate(struct budget *budget, int64_t in, int64_t out, struct error *e)
{
	const struct budget_limits *limits = budget->limits;
	char size[32];

	budget->read += in;
	budget->inflated += out;
	if (budget->image)
		*budget->image += out;
	if (budget->image && *budget->image > limits->image_bytes)
		return error_set(e, ERROR_IMAGE, "the image's layers hold more than %s together after decompression, which is the limit",
				 size_format((uint64_t)limits->image_bytes, size));
	if (budget->inflated > limits->bytes)
		return error_set(e, ERROR_IMAGE,
				 "it holds more than %s after decompression, which is the limit for one layer",
				 size_format((uint64_t)limits->bytes, size));
	/* read is at least 1 here, and bytes / ratio cannot overflow as ratio * read might. */
	if (budget->inflated > limits->ratio_from && budget->inflated / limits->ratio > budget->read)
		return error_set(e, ERROR_IMAGE, "it grows more than %d times in decompression: a decompression bomb",
				 (int)limits->ratio);
	return 0;
}

/* How much of total stays free: a share of it, or most, whichever is less. */
static int64_t reserve_of(const struct budget_limits *limits, int64_t total, int64_t most)
{
	int64_t share = total / 100 * limits->free_percent + total % 100 * limits->free_percent / 100;

	return share < most ? share : most;
}

static int hint_room(struct error *e)
{
	return error_hint(e, "make room, or name a store on another file system with BOX_STORE");
}

/* Whether the file system keeps its reserve when so many bytes and files more are made. */
static int check_free(const struct budget *budget, int64_t size, int64_t files, struct error *e)
{
	struct statvfs fs;
	int64_t available, reserve;
	char left[32], kept[32];

	if (budget->folder < 0 || fstatvfs(budget->folder, &fs))
		return 0; /* no folder to fill (a test), or no answer: write(2) says it in the end */
	available = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	reserve = reserve_of(budget->limits, (int64_t)fs.f_blocks * (int64_t)fs.f_frsize, budget->limits->free_bytes);
	if (available - size < reserve) {
		error_set(e, ERROR_KERNEL, "the store's file system has %s left, and %s are kept free",
			  size_format((uint64_t)available, left), size_format((uint64_t)reserve, kept));
		return hint_room(e);
	}
	reserve = reserve_of(budget->limits, (int64_t)fs.f_files, budget->limits->free_files);
	/* No number at all: it makes inodes as they are needed (btrfs). */
	if (fs.f_files && (int64_t)fs.f_favail - files < reserve) {
		error_set(e, ERROR_KERNEL, "the store's file system has %lld inodes left, and %lld are kept free", (long long)fs.f_favail,
			  (long long)reserve);
		return hint_room(e);
	}
	return 0;
}

/* Names cost no bytes that an archive would have to bring, but inodes and blocks of folders. */
static int charge_name(struct budget *budget, struct error *e)
{
	if (budget->names++ % NAMES_CHECK_EVERY)
		return 0;
	return check_free(budget, /* size= */ 0, NAMES_CHECK_EVERY, e);
}

int budget_entry(struct budget *budget, struct error *e)
{
	if (++budget->entries > budget->limits->entries)
		return error_set(e, ERROR_IMAGE, "it has more than %lld members, which is the limit for one layer",
				 (long long)budget->limits->entries);
	return charge_name(budget, e);
}

int budget_folder(struct budget *budget, struct error *e)
{
	return charge_name(budget, e);
}

int budget_file(struct budget *budget, int64_t size, struct error *e)
{
	char limit[32];

	if (size < 0 || size > budget->limits->bytes - budget->apparent)
		return error_set(e, ERROR_IMAGE,
				 "its files are larger than %s together, which is the limit for one layer",
				 size_format((uint64_t)budget->limits->bytes, limit));
	budget->apparent += size;
	if (budget->apparent < budget->next_free_check && size < FREE_CHECK_EVERY)
		return 0;
	budget->next_free_check = budget->apparent + FREE_CHECK_EVERY;
	return check_free(budget, size, /* files= */ 1, e);
}

int budget_blob(struct budget *budget, int64_t size, struct error *e)
{
	char limit[32];

	if (size < 0 || size > budget->limits->bytes)
		return error_set(e, ERROR_IMAGE, "its size is said to be %lld bytes, and %s is the limit for one blob", (long long)size,
				 size_format((uint64_t)budget->limits->bytes, limit));
	if (size > budget->limits->image_bytes - budget->blobs)
		return error_set(e, ERROR_IMAGE, "the image's blobs have more than %s together, which is the limit",
				 size_format((uint64_t)budget->limits->image_bytes, limit));
	budget->blobs += size;
	return check_free(budget, size, /* files= */ 1, e);
}
