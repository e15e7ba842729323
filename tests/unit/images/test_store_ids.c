/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_ids.c - how many ids the caller's ranges make.
 */
#include <criterion/criterion.h>

#include "images/unpack/store_ids.h"

Test(store_ids, only_ids_without_a_gap_count)
{
	const struct id_extent root[] = { { 0, 0x70000000, 65536 } };
	const struct id_extent user[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
	const struct id_extent gap[] = { { 0, 1000, 1 }, { 2, 100000, 65536 } };

	cr_expect_eq(store_ids_count(root, 1), 65536);
	cr_expect_eq(store_ids_count(user, 2), 65536, "the caller and 65,536 more are one too many");
	cr_expect_eq(store_ids_count(user, 1), 1);
	cr_expect_eq(store_ids_count(gap, 2), 1);
}
