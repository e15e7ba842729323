/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_budget.c - every limit ends the unpacking at the first byte, member or file too many.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "images/unpack/budget.h"

static const struct budget_limits small = {
	.bytes = 1000,
	.image_bytes = 2500,
	.ratio = 10,
	.ratio_from = 500,
	.entries = 3,
	.free_percent = 0,
	.free_bytes = 0,
};

static struct budget fresh(void)
{
	struct budget budget;

	budget_init(&budget, &small, -1);
	return budget;
}

Test(budget, bytes_after_decompression)
{
	struct budget budget = fresh();
	struct error e = { 0 };

	cr_expect_eq(budget_inflate(&budget, 1000, 1000, &e), 0);
	cr_expect_eq(budget_inflate(&budget, 0, 1, &e), -1);
	cr_expect_not_null(strstr(e.text, "more than 1000 B after decompression"), "%s", e.text);
}

Test(budget, ratio_counts_only_for_what_is_large)
{
	struct budget budget = fresh();
	struct error e = { 0 };

	cr_expect_eq(budget_inflate(&budget, 1, 500, &e), 0);
	cr_expect_eq(budget_inflate(&budget, 0, 1, &e), -1);
	cr_expect_not_null(strstr(e.text, "decompression bomb"), "%s", e.text);
	budget = fresh();
	cr_expect_eq(budget_inflate(&budget, 80, 800, &e), 0);
}

Test(budget, members)
{
	struct budget budget = fresh();
	struct error e = { 0 };

	for (int i = 0; i < 3; i++)
		cr_expect_eq(budget_entry(&budget, &e), 0);
	cr_expect_eq(budget_entry(&budget, &e), -1);
}

Test(budget, holes_of_sparse_files_count)
{
	struct budget budget = fresh();
	struct error e = { 0 };

	cr_expect_eq(budget_file(&budget, 999, &e), 0);
	cr_expect_eq(budget_file(&budget, 1, &e), 0);
	cr_expect_eq(budget_file(&budget, 1, &e), -1);
	cr_expect_eq(budget.apparent, 1000);
	budget = fresh();
	cr_expect_eq(budget_file(&budget, INT64_MAX, &e), -1);
	cr_expect_eq(budget_file(&budget, -1, &e), -1);
}

Test(budget, blobs_of_an_image_together)
{
	struct budget budget = fresh();
	struct error e = { 0 };

	cr_expect_eq(budget_blob(&budget, 1000, &e), 0);
	cr_expect_eq(budget_blob(&budget, 1000, &e), 0);
	cr_expect_eq(budget_blob(&budget, 501, &e), -1);
	cr_expect_not_null(strstr(e.text, "blobs have more than 2.4 KiB together"), "%s", e.text);
	error_clear(&e);
	cr_expect_eq(budget_blob(&budget, 500, &e), 0);
	cr_expect_eq(budget_blob(&budget, 1001, &e), -1);
	cr_expect_not_null(strstr(e.text, "1001 bytes"), "%s", e.text);
	budget = fresh();
	cr_expect_eq(budget_blob(&budget, -1, &e), -1);
}

Test(budget, layers_of_an_image_together)
{
	struct error e = { 0 };
	int64_t image = 0;

	for (int i = 0; i < 3; i++) {
		struct budget budget = fresh();

		budget.image = &image;
		cr_expect_eq(budget_inflate(&budget, 900, 900, &e), i < 2 ? 0 : -1);
	}
	cr_expect_not_null(strstr(e.text, "layers hold more than 2.4 KiB together"), "%s", e.text);
}

Test(budget, some_inodes_stay_free)
{
	struct budget_limits limits = { .entries = 1000, .free_percent = 100, .free_files = INT64_MAX };
	struct budget budget;
	struct error e = { 0 };
	int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* procfs counts no inodes, as btrfs. */
	budget_init(&budget, &limits, folder);
	cr_expect_eq(budget_entry(&budget, &e), 0, "%s", e.text);
	close(folder);
	folder = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	budget_init(&budget, &limits, folder);
	cr_expect_eq(budget_entry(&budget, &e), -1);
	cr_expect_not_null(strstr(e.text, "inodes left"), "%s", e.text);
	error_clear(&e);
	budget_init(&budget, &limits, folder);
	cr_expect_eq(budget_folder(&budget, &e), -1);
	error_clear(&e);
	/* A few are enough where few are asked for. */
	limits.free_files = 10;
	budget_init(&budget, &limits, folder);
	cr_expect_eq(budget_entry(&budget, &e), 0, "%s", e.text);
	close(folder);
}

Test(budget, some_of_the_disk_stays_free)
{
	struct budget_limits limits = { .bytes = INT64_MAX, .free_percent = 100, .free_bytes = INT64_MAX };
	struct budget budget;
	struct error e = { 0 };
	int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	budget_init(&budget, &limits, folder);
	cr_expect_eq(budget_file(&budget, 1, &e), -1);
	cr_expect_not_null(strstr(e.text, "kept free"), "%s", e.text);
	cr_expect_not_null(strstr(e.hint, "BOX_STORE"));
	close(folder);
}
