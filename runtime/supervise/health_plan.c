/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_plan.c - how the health of an app is checked.
 */
#include "runtime/supervise/health_plan.h"

#include <errno.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/supervise/lines.h"

#define AT(member) offsetof(struct health_plan, member)
static const struct line_row rows[] = {
	{ "probe", LINE_TEXT, AT(probe) },
	{ "remedy", LINE_TEXT, AT(remedy) },
	{ "test", LINE_TEXT, AT(test) },
	{ "path", LINE_TEXT, AT(path) },
	{ "host", LINE_TEXT, AT(host) },
	{ "port", LINE_NUMBER, AT(port) },
	{ "retries", LINE_NUMBER, AT(retries) },
	{ "interval_ms", LINE_NUMBER, AT(interval_ms) },
	{ "timeout_ms", LINE_NUMBER, AT(timeout_ms) },
	{ "start_period_ms", LINE_NUMBER, AT(start_period_ms) },
	{ "start_interval_ms", LINE_NUMBER, AT(start_interval_ms) },
	{ "has_network", LINE_NUMBER, AT(has_network) },
	{ 0 },
};
#undef AT

int health_plan_read(int definition, struct health_plan *ret, struct error *e)
{
	struct health_plan plan = { 0 };

	if (lines_read(definition, HEALTH_PLAN_FILE, rows, &plan, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
	}
	*ret = plan;
	return 0;
}

int health_plan_write(int definition, const struct health_plan *plan, struct error *e)
{
	return lines_write(definition, HEALTH_PLAN_FILE, rows, plan, e);
}

void health_plan_release(struct health_plan *plan)
{
	lines_release(rows, plan);
}
