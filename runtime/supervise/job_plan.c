/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_plan.c - when an app in the background runs that is a job.
 */
#include "runtime/supervise/job_plan.h"

#include <errno.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/supervise/lines.h"

#define AT(member) offsetof(struct job_plan, member)
static const struct line_row plan_rows[] = {
	{ "cron", LINE_TEXT, AT(cron) },
	{ "tz", LINE_TEXT, AT(tz) },
	{ "overlap", LINE_TEXT, AT(overlap) },
	{ "timeout_ms", LINE_NUMBER, AT(timeout_ms) },
	{ "catch_up", LINE_NUMBER, AT(catch_up) },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct job_times, member)
static const struct line_row times_rows[] = {
	{ "at", LINE_NUMBER, AT(at) },
	{ "ran", LINE_NUMBER, AT(ran) },
	{ 0 },
};
#undef AT

/* A file that is not there leaves the object as it is. */
static int read_some(int definition, const char *file, const struct line_row *rows, void *object, struct error *e)
{
	if (lines_read(definition, file, rows, object, e) == 0)
		return 0;
	if (e->sys != ENOENT)
		return -1;
	error_clear(e);
	return 0;
}

int job_plan_read(int definition, struct job_plan *ret, struct error *e)
{
	struct job_plan plan = { 0 };

	if (read_some(definition, JOB_PLAN_FILE, plan_rows, &plan, e)) {
		job_plan_release(&plan);
		return -1;
	}
	*ret = plan;
	return 0;
}

int job_plan_write(int definition, const struct job_plan *plan, struct error *e)
{
	return lines_write(definition, JOB_PLAN_FILE, plan_rows, plan, e);
}

void job_plan_release(struct job_plan *plan)
{
	lines_release(plan_rows, plan);
}

int job_times_read(int definition, struct job_times *ret, struct error *e)
{
	struct job_times times = { 0 };

	if (read_some(definition, JOB_TIMES_FILE, times_rows, &times, e))
		return -1;
	*ret = times;
	return 0;
}

int job_times_write(int definition, const struct job_times *times, struct error *e)
{
	return lines_write(definition, JOB_TIMES_FILE, times_rows, times, e);
}
