/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_leases.c - where a network keeps who has which address.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/network/leases.h"
#include "runtime/network/record.h"
#include "tests/unit/base/scratch.h"

static void expect_read(const struct network_record *record, const char *expected)
{
	autorelease(text) struct text lines = { 0 };

	network_leases_read(record, &lines);
	cr_expect_str_eq(lines.data ? lines.data : "", expected);
}

static void write_lines(const char *path, const char *lines)
{
	struct error e = { 0 };

	cr_assert_eq(file_replace(AT_FDCWD, path, lines, strlen(lines), 0600, &e), 0, "%s", e.text);
}

Test(network_leases, those_of_another_version_move)
{
	SCRATCH();
	const struct network_record record = { .folder = (char *)"front" };
	struct error e = { 0 };
	autofree char *folder = NULL, *again = NULL;

	cr_assert_eq(mkdir("front", 0700), 0);
	expect_read(&record, "");
	write_lines("front/addresses", "instance web 2\n");
	expect_read(&record, "instance web 2\n");
	cr_assert_eq(network_leases_make(&record, &folder, &e), 0, "%s", e.text);
	cr_expect_str_eq(folder, "front/leases");
	cr_expect_neq(access("front/addresses", F_OK), 0);
	expect_read(&record, "instance web 2\n");
	write_lines("front/leases/addresses", "instance web 3\n");
	cr_assert_eq(network_leases_make(&record, &again, &e), 0, "%s", e.text);
	expect_read(&record, "instance web 3\n");
}

Test(network_leases, a_volatile_network_has_none)
{
	SCRATCH();
	const struct network_record record = { .folder = (char *)"front", .is_volatile = true };
	struct error e = { 0 };
	char *folder = (char *)"x";

	cr_assert_eq(mkdir("front", 0700), 0);
	cr_assert_eq(network_leases_make(&record, &folder, &e), 0, "%s", e.text);
	cr_expect_null(folder);
	cr_expect_eq(rmdir("front"), 0, "nothing was made in it");
}
