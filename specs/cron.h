/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron.h - the times at which a background job runs, as crontab(5) writes them. No side effects.
 *
 *     30 3 * * mon-fri      minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or jan-dec), day of the week (0-7 or
 *                           sun-sat; 0 and 7 are Sunday). "*", ranges "8-18", lists "8,12,16-18", and steps of "*" and of ranges: "8-18/2".
 *     @hourly @daily @midnight @weekly @monthly @yearly @annually
 *
 * Where both the day of the month and that of the week are said ("*" and "*" with a step say nothing), one of them is enough: Vixie's rule.
 *
 * Daylight saving: a job whose hours are said (they do not begin with "*") has its times on the clock of its zone. A time that the clock
 * leaves out comes once, when the clock has been put forward; one that comes twice counts the first time. A job of every hour goes by the
 * time that has passed: its clock may show one hour twice, or none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct zone;

struct cron {
	uint64_t minutes, hours, days, months, weekdays; /* bit n: n is one of them */
	bool any_day, any_weekday;                       /* the field begins with "*" */
	bool is_hourly;                                  /* so does the hours' */
};

/* ERROR_SPEC, with what was expected, where text is no such times, or one of a day that never comes. */
int cron_parse(const char *text, struct cron *ret, struct error *e);

/* The first time later than after, both in seconds since 1970. -1: there is none. */
int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after);
