/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_clock.c - times as text, and clocks that go on.
 */
#include <criterion/criterion.h>

#include "base/clock.h"

Test(clock, as_text)
{
	static const struct {
		int64_t seconds, nanoseconds;
		int digits;
		const char *text;
	} cases[] = {
		{ 0, 0, 0, "1970-01-01T00:00:00Z" },
		{ 1796000000, 1002003, 0, "2026-11-30T00:53:20Z" },
		{ 1796000000, 1002003, 3, "2026-11-30T00:53:20.001Z" },
		{ 1796000000, 1002003, 6, "2026-11-30T00:53:20.001002Z" },
		{ 1796000000, 1002003, 9, "2026-11-30T00:53:20.001002003Z" },
		{ 253402300799, 999999999, 1, "9999-12-31T23:59:59.9Z" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[CLOCK_TEXT];

		clock_print(cases[i].seconds, cases[i].nanoseconds, cases[i].digits, text);
		cr_expect_str_eq(text, cases[i].text);
	}
}

Test(clock, goes_on)
{
	int64_t boot = clock_boot_ms(), monotonic = clock_monotonic_ms(), now = clock_since_1970_ns();

	cr_expect_gt(boot, 0);
	cr_expect_geq(clock_boot_ms(), boot);
	cr_expect_geq(clock_monotonic_ms(), monotonic);
	cr_expect_geq(clock_since_1970_ms(), now / 1000000);
}
