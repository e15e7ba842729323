/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy.c - when an app is started again.
 */
#include <criterion/criterion.h>

#include "runtime/supervise/policy.h"

/* Ends with this code after so many milliseconds; the delay until the next start, or -1. */
static int64_t after(const char *policy, int64_t code, int64_t signal, int64_t lasted_ms, struct restarts *restarts)
{
	const struct run_end end = { code, signal, lasted_ms };

	return restart_delay(policy, &end, restarts);
}

Test(policy, which_ends_count)
{
	static const struct {
		const char *policy;
		int64_t code, signal, delay_ms;
	} rows[] = {
		{ "no", 0, 0, -1 },         { "no", 1, 0, -1 },
		{ "always", 0, 0, 100 },    { "always", 1, 0, 100 },
		{ "on-failure", 0, 0, -1 }, { "on-failure", 1, 0, 100 },
		{ "on-failure", -1, 9, 100 }, { "on-failure", -1, 0, 100 }, /* killed; nobody knows */
		{ "on-failure:3", 0, 0, -1 }, { "on-failure:3", 2, 0, 100 },
		{ "unless-stopped", 0, 0, 100 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct restarts none = { 0 };

		cr_expect_eq(after(rows[i].policy, rows[i].code, rows[i].signal, 1, &none), rows[i].delay_ms, "%s, %d, %d", rows[i].policy,
			     (int)rows[i].code, (int)rows[i].signal);
	}
}

Test(policy, back_off_doubles_to_a_minute_and_is_forgotten_after_a_long_run)
{
	static const int64_t delays[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000 };
	struct restarts restarts = { 0 };

	for (size_t i = 0; i < sizeof delays / sizeof *delays; i++)
		cr_expect_eq(after("always", 1, 0, BACK_OFF_RESET_MS - 1, &restarts), delays[i], "restart %zu", i);
	cr_expect_eq(after("always", 1, 0, BACK_OFF_RESET_MS, &restarts), 100);
	cr_expect_eq(after("always", 1, 0, 0, &restarts), 200);
	restarts.in_a_row = INT64_MAX - 1;
	cr_expect_eq(after("always", 1, 0, 0, &restarts), 60000);
}

Test(policy, on_failure_n_is_over_after_n_restarts_however_long_the_runs)
{
	struct restarts restarts = { 0 };

	cr_expect_eq(after("on-failure:2", 1, 0, 0, &restarts), 100);
	cr_expect_eq(after("on-failure:2", 1, 0, BACK_OFF_RESET_MS, &restarts), 100);
	cr_expect_eq(after("on-failure:2", 1, 0, BACK_OFF_RESET_MS, &restarts), -1);
}

Test(policy, boot)
{
	cr_expect(!restart_at_boot("no", true));
	cr_expect(restart_at_boot("always", false));
	cr_expect(restart_at_boot("unless-stopped", true));
	cr_expect(!restart_at_boot("unless-stopped", false));
	cr_expect(restart_at_boot("on-failure:2", true));
	cr_expect(!restart_at_boot("on-failure", false));
}
