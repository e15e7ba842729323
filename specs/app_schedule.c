/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_schedule.c - "schedule" of an app: its rules, and what it says.
 */
#include <string.h>

#include "base/error.h"
#include "specs/app.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/cron.h"
#include "specs/limits.h"
#include "specs/problems.h"
#include "specs/zone.h"

static int check_restart_of_job(const struct app *app, struct problems *p)
{
	if (strcmp(app->restart, "always") != 0 && strcmp(app->restart, "unless-stopped") != 0)
		return 0;
	error_set(p->e, ERROR_SPEC,
		  "a job ends, and its schedule starts it again: with \"schedule\", expected \"no\" or \"on-failure\", found \"%s\"", app->restart);
	error_at(p->e, "restart");
	return problems_add(p);
}

int check_schedule(const struct app *app, struct problems *p)
{
	const struct schedule *schedule = &app->schedule;
	struct cron cron;
	struct zone zone;

	if (!schedule->cron)
		return 0;
	if (cron_parse(schedule->cron, &cron, p->e)) {
		error_at(p->e, "schedule.cron");
		if (problems_add(p))
			return -1;
	}
	if (zone_open(schedule->tz, &zone, p->e)) {
		error_at(p->e, "schedule.tz");
		if (problems_add(p))
			return -1;
	} else {
		zone_close(&zone);
	}
	return check_restart_of_job(app, p);
}

struct app_schedule app_schedule(const struct app *app)
{
	static const char *const overlaps[] = { [OVERLAP_SKIP] = "skip", [OVERLAP_QUEUE] = "queue", [OVERLAP_REPLACE] = "replace" };
	const struct schedule *said = &app->schedule;

	return (struct app_schedule){ .cron = said->cron, .tz = said->tz, .overlap = overlaps[said->overlap],
				      .timeout_us = said->timeout == LIMIT_UNSET ? 0 : said->timeout, .catch_up = said->catch_up };
}
