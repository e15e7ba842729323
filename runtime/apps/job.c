/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.c - an app in the background that runs at certain times.
 */
#include "runtime/apps/job.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/reserve.h"
#include "base/text.h"
#include "runtime/logs/events.h"
#include "runtime/supervise/event_log.h"
#include "runtime/supervise/job_plan.h"
#include "specs/app.h"
#include "specs/cron.h"
#include "specs/zone.h"

enum { TIMES_RESERVED = 128, SET_BACK_MOST = 3 * 3600 };

int job_define(int definition, const struct app_schedule *schedule, struct error *e)
{
	if (!schedule || !schedule->cron)
		return 0;
	const struct job_plan plan = { .cron = (char *)schedule->cron, .tz = (char *)schedule->tz, .overlap = (char *)schedule->overlap,
				       .timeout_ms = schedule->timeout_us / 1000, .catch_up = schedule->catch_up };

	return job_plan_write(definition, &plan, e) || reserve_make(definition, JOB_TIMES_FILE, TIMES_RESERVED, e) ? -1 : 0;
}

bool job_defined(int definition)
{
	return faccessat(definition, JOB_PLAN_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int job_next(const struct job_plan *plan, int64_t now, int64_t ran, int64_t *ret, struct error *e)
{
	struct cron cron;
	struct zone zone;

	if (cron_parse(plan->cron, &cron, e) || zone_open(plan->tz, &zone, e))
		return -1;
	*ret = cron_next(&cron, &zone, ran > now && ran - now < SET_BACK_MOST ? ran : now);
	zone_close(&zone);
	return *ret < 0 ? error_set(e, ERROR_INTERNAL, "find the next time of \"%s\": there is none", plan->cron) : 0;
}

int job_plan_next(const struct places *places, const char *name, int definition, const char *word, struct error *e)
{
	struct job_plan plan = { 0 };
	struct job_times times = { 0 };
	int result = job_plan_read(definition, &plan, e) || job_times_read(definition, &times, e) ? -1 : 0;

	if (result == 0 && !plan.cron)
		result = error_set(e, ERROR_MISSING, "plan %s: it is no job", name);
	if (strcmp(word, JOB_AGAIN) != 0)
		times.ran = times.at;
	if (result == 0)
		result = job_next(&plan, clock_since_1970_ms() / 1000, times.ran, &times.at, e);
	if (result == 0)
		result = job_times_write(definition, &times, e);
	if (result == 0 && (strcmp(word, JOB_MISSED) == 0 || strcmp(word, JOB_SKIPPED) == 0))
		events_note(places, "container", "skip", name, NULL);
	job_plan_release(&plan);
	return result;
}

int64_t job_next_run(int definition)
{
	struct job_plan plan = { 0 };
	struct job_times times = { 0 };
	struct error ignored = { 0 };
	int64_t now = clock_since_1970_ms() / 1000;

	if (job_plan_read(definition, &plan, &ignored) || !plan.cron)
		return 0;
	/* What its supervisor waits for; while it runs that may have passed. */
	if ((job_times_read(definition, &times, &ignored) || times.at <= now) && job_next(&plan, now, times.ran, &times.at, &ignored))
		times.at = 0;
	job_plan_release(&plan);
	return times.at;
}

char *job_words(int definition)
{
	struct job_plan plan = { 0 };
	struct error ignored = { 0 };
	char *words;

	if (job_plan_read(definition, &plan, &ignored) || !plan.cron)
		return NULL;
	words = text_format("%s (%s)", plan.cron, plan.tz ? plan.tz : ZONE_UTC);
	job_plan_release(&plan);
	return words;
}
