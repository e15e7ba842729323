/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_id_map.c - subordinate ranges from subuid(5)'s text.
 */
#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "base/id_map.h"

Test(id_map, the_first_good_range_of_the_caller)
{
	static const struct {
		const char *text;
		uint32_t outside, count;
	} cases[] = {
		{ "", 0, 0 },
		{ "ann:100000:65536\n", 100000, 65536 },
		{ "bob:1:2\nann:100000:65536", 100000, 65536 },
		{ "ann:100000:65536\nann:300000:65536\n", 100000, 65536 },
		{ "1000:200000:1000\n", 200000, 1000 },
		{ "annabel:1:2\nan:3:4\n", 0, 0 },
		{ "ann:0:65536\nann:100000:10\n", 100000, 10 },
		{ "ann:-1:5\nann:4294967296:5\nann:5\nann\nann::\n:1:2\nann:1:x\nann:7:8", 7, 8 },
		{ "# ann:1:2\n\n\nann:7:8:9\n", 7, 8 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct id_extent range;

		id_map_parse(cases[i].text, "ann", "1000", &range);
		cr_expect_eq(range.outside, cases[i].outside, "case %zu: %u", i, range.outside);
		cr_expect_eq(range.count, cases[i].count, "case %zu: %u", i, range.count);
		cr_expect_eq(range.inside, 1);
	}
}

Test(id_map, the_name_of_a_number)
{
	static const struct {
		const char *passwd, *name;
	} cases[] = {
		{ "", "1000" },
		{ "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n", "ann" },
		{ "ann:x:1000:100", "ann" },
		/* An empty password is a field: the group's number behind it is not the user's. */
		{ "ann::1000:100::/:/bin/sh\n", "ann" },
		{ "bob::1001:1000::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\n", "ann" },
		{ "1000\n:x:1000:1000\nx:1000\nann:x:10000:1\n", "1000" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autofree char *name = id_map_name(cases[i].passwd, "1000");

		cr_expect_str_eq(name, cases[i].name, "case %zu: %s", i, name);
	}
}
