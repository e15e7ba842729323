/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_id_map.c - subordinate ranges from subuid(5)'s text.
 */
#include <criterion/criterion.h>

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
