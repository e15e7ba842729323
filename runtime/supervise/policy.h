/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - whether an app that has ended is started again, and when. No side effects.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	BACK_OFF_FIRST_MS = 100,
	BACK_OFF_MOST_MS = 60000,
	BACK_OFF_RESET_MS = 10000, /* a run of this length forgets the ones before */
};

/* What the supervisor remembers between runs. */
struct restarts {
	int64_t in_a_row; /* restarts without a long run between them */
	int64_t failures; /* on-failure:n: restarts after a failure since the last start by hand */
};

/* How a run ended. */
struct run_end {
	int64_t code, signal; /* -1 and 0: nobody knows */
	int64_t lasted_ms;
};

/* Milliseconds until the next start, and restarts is counted on; -1: it is over. policy is a checked word of app.json. What ended in a
 * way that nobody knows counts as a failure. */
int64_t restart_delay(const char *policy, const struct run_end *end, struct restarts *restarts);

/* Whether an app is brought back when the host starts: was_wanted as the user left it. */
bool restart_at_boot(const char *policy, bool was_wanted);
