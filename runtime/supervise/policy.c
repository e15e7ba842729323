/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - whether an app that has ended is started again, and when.
 */
#include "runtime/supervise/policy.h"

#include <string.h>

#include "base/number.h"

#define ON_FAILURE "on-failure"

static bool is_allowed(const char *policy, const struct run_end *end, struct restarts *restarts)
{
	int64_t most = INT64_MAX;

	if (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0)
		return true;
	if (strncmp(policy, ON_FAILURE, strlen(ON_FAILURE)) != 0 || (end->code == 0 && end->signal == 0))
		return false;
	policy += strlen(ON_FAILURE);
	if (*policy == ':' && number_parse(policy + 1, 1, INT64_MAX, &most))
		return false;
	if (restarts->failures >= most)
		return false;
	restarts->failures++;
	return true;
}

int64_t restart_delay(const char *policy, const struct run_end *end, struct restarts *restarts)
{
	int64_t delay = BACK_OFF_FIRST_MS;

	if (!is_allowed(policy, end, restarts))
		return -1;
	if (end->lasted_ms >= BACK_OFF_RESET_MS)
		restarts->in_a_row = 0;
	for (int64_t i = 0; i < restarts->in_a_row && delay < BACK_OFF_MOST_MS; i++)
		delay *= 2;
	restarts->in_a_row++;
	return delay < BACK_OFF_MOST_MS ? delay : BACK_OFF_MOST_MS;
}

bool restart_at_boot(const char *policy, bool was_wanted)
{
	return strcmp(policy, "always") == 0 || (was_wanted && strcmp(policy, "no") != 0);
}
