/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_job.c - the next time of a job, when somebody sets the clock.
 */
#include <criterion/criterion.h>

#include "base/error.h"
#include "runtime/apps/job.h"
#include "runtime/supervise/job_plan.h"

enum { NOON = 1796040000, HOUR = 3600 }; /* 2026-11-30 12:00 UTC */

static int64_t next(int64_t now, int64_t ran)
{
	static char cron[] = "0 * * * *";
	const struct job_plan plan = { .cron = cron };
	struct error e = { 0 };
	int64_t at = -1;

	cr_assert_eq(job_next(&plan, now, ran, &at, &e), 0, "%s", e.text);
	return at;
}

Test(job, comes_after_now)
{
	cr_expect_eq(next(NOON - 1, 0), NOON);
	cr_expect_eq(next(NOON, 0), NOON + HOUR, "a time is over when it has come");
	cr_expect_eq(next(NOON, NOON), NOON + HOUR);
	cr_expect_eq(next(NOON + 5 * HOUR + 1, NOON), NOON + 6 * HOUR, "what was missed stays so");
}

Test(job, does_not_run_twice_where_the_clock_is_set_back_a_little)
{
	cr_expect_eq(next(NOON - 1, NOON), NOON + HOUR);
	cr_expect_eq(next(NOON - 2 * HOUR, NOON), NOON + HOUR);
	cr_expect_eq(next(NOON - 3 * HOUR, NOON), NOON - 2 * HOUR, "the clock was wrong before");
	cr_expect_eq(next(NOON, NOON + 1000000 * (int64_t)HOUR), NOON + HOUR);
}

Test(job, needs_times_that_can_be_read)
{
	static char cron[] = "0 * * * *", wrong[] = "0 * * *", zone[] = "Europe/Nowhere";
	struct error e = { 0 };
	int64_t at = 7;

	cr_expect_eq(job_next(&(struct job_plan){ .cron = wrong }, NOON, 0, &at, &e), -1);
	error_clear(&e);
	cr_expect_eq(job_next(&(struct job_plan){ .cron = cron, .tz = zone }, NOON, 0, &at, &e), -1);
	cr_expect_eq(e.kind, ERROR_SPEC);
	cr_expect_eq(at, 7, "untouched");
}
