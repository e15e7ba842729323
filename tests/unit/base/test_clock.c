/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_clock.c - times as text, and clocks that go on.
 */
#include <criterion/criterion.h>
#include <time.h>

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

/* Every day of 900 years, and a moment of it, as libc says it. */
Test(clock, days_as_libc)
{
	enum { DAY = 86400, YEARS = 900 };

	for (int64_t at = -400LL * 365 * DAY; at < (YEARS - 400LL) * 365 * DAY; at += DAY + 1) {
		time_t when = (time_t)at;
		char text[CLOCK_TEXT], expected[CLOCK_TEXT];
		struct tm utc;

		cr_assert_not_null(gmtime_r(&when, &utc));
		cr_assert_gt(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &utc), 0);
		clock_print(at, 0, 0, text);
		cr_assert_str_eq(text, expected);
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
