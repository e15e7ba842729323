/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cron.c - the times of background jobs: what is refused, known times, and a walk through every minute that must find the same.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "specs/cron.h"
#include "specs/zone.h"

static int64_t utc(const char *text)
{
	struct tm tm = { 0 };

	cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M", &tm), "%s", text);
	return timegm(&tm);
}

struct wrong {
	char text[48], expected[200];
};

ParameterizedTestParameters(cron, refuses)
{
	static struct wrong cases[] = {
		{ "", "expected five fields as in crontab" },
		{ "* * * *", "expected five fields as in crontab" },
		{ "0 * * * * *", "expected five fields as in crontab" },
		{ "@fortnightly", "expected five fields as in crontab" },
		{ "@reboot", "\"@reboot\" is no time" },
		{ "60 * * * *", "minute: expected a number from 0 to 59, found \"60\"" },
		{ "* 24 * * *", "hour: expected a number from 0 to 23, found \"24\"" },
		{ "* * 0 * *", "day of the month: expected a number from 1 to 31, found \"0\"" },
		{ "* * * 13 *", "month: expected a number from 1 to 12, or the first three letters of a name, found \"13\"" },
		{ "* * * january *", "month: expected a number from 1 to 12, or the first three letters of a name, found \"january\"" },
		{ "* * * * 8", "day of the week: expected a number from 0 to 7, or the first three letters of a name, found \"8\"" },
		{ "-1 * * * *", "minute: expected a number from 0 to 59, found \"\"" },
		{ "1, * * * *", "minute: expected a number from 0 to 59, found \"\"" },
		{ "5/15 * * * *", "a step stands behind \"*\" or a range (\"5-59/15\"), found \"5/15\"" },
		{ "*/0 * * * *", "minute: expected a step from 1 to 59, found \"0\"" },
		{ "*/60 * * * *", "minute: expected a step from 1 to 59, found \"60\"" },
		{ "9-5 * * * *", "minute: the range \"9-5\" ends before it begins" },
		{ "0 0 * * fri-mon", "day of the week: the range \"fri-mon\" ends before it begins" },
		{ "0 0 30 2 *", "the day of \"0 0 30 2 *\" never comes" },
		{ "0 0 31 4,6,9,11 *", "never comes" },
		{ "* * ? * *", "day of the month: expected a number from 1 to 31, found \"?\"" },
		{ "* * L * *", "day of the month: expected a number from 1 to 31, found \"L\"" },
	};

	return cr_make_param_array(struct wrong, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct wrong *c, cron, refuses)
{
	struct cron cron;
	struct error e = { 0 };

	cr_assert_eq(cron_parse(c->text, &cron, &e), -1, "%s", c->text);
	cr_expect_not_null(strstr(e.text, c->expected), "%s: %s", c->text, e.text);
	cr_expect_eq(e.kind, ERROR_SPEC);
}

struct known {
	char text[32], zone[24], after[20], next[20]; /* both in UTC */
};

ParameterizedTestParameters(cron, known_times)
{
	static struct known cases[] = {
		{ "0 3 * * *", "UTC", "2026-11-30 20:00", "2026-12-01 03:00" },
		{ "0 3 * * *", "UTC", "2026-12-01 03:00", "2026-12-02 03:00" },
		{ "05 03 * * *", "UTC", "2026-12-01 03:00", "2026-12-01 03:05" },
		{ "@hourly", "UTC", "2026-12-01 03:00", "2026-12-01 04:00" },
		{ "@Weekly", "UTC", "2026-12-01 03:00", "2026-12-06 00:00" },
		{ "@yearly", "UTC", "2026-12-01 03:00", "2027-01-01 00:00" },
		{ "*/7 * * * *", "UTC", "2026-12-01 03:56", "2026-12-01 04:00" },
		{ "0 9 * * MON-Fri", "UTC", "2026-12-04 09:00", "2026-12-07 09:00" },
		{ "0 9 * * 7", "UTC", "2026-12-01 00:00", "2026-12-06 09:00" },
		{ "0 9 * * 5-7", "UTC", "2026-12-05 10:00", "2026-12-06 09:00" },
		{ "0 0 13 * fri", "UTC", "2026-12-01 00:00", "2026-12-04 00:00" },  /* Vixie: either */
		{ "0 0 13 * fri", "UTC", "2026-12-11 00:00", "2026-12-13 00:00" },
		{ "0 0 */2 * fri", "UTC", "2026-12-04 00:00", "2026-12-11 00:00" }, /* "*" with a step: both */
		{ "0 0 29 2 *", "UTC", "2096-03-01 00:00", "2104-02-29 00:00" },
		{ "0 0 29 feb */7", "UTC", "2032-03-01 00:00", "2060-02-29 00:00" },
		{ "0 0 31 */2 *", "UTC", "2026-08-01 00:00", "2027-01-31 00:00" },
		/* The clock goes from 02:00 to 03:00 on 28 March 2027 at 01:00 UTC, and from 03:00 to 02:00 on 31 October at 01:00. */
		{ "30 2 * * *", "Europe/Berlin", "2027-03-27 12:00", "2027-03-28 01:00" },
		{ "*/15 2 * * *", "Europe/Berlin", "2027-03-27 12:00", "2027-03-28 01:00" },
		{ "*/15 2 * * *", "Europe/Berlin", "2027-03-28 01:00", "2027-03-29 00:00" },
		{ "0 2,3 * * *", "Europe/Berlin", "2027-03-28 01:00", "2027-03-29 00:00" }, /* 2 and 3 o'clock are one moment */
		{ "30 2 * * *", "Europe/Berlin", "2027-10-30 12:00", "2027-10-31 00:30" },
		{ "30 2 * * *", "Europe/Berlin", "2027-10-31 00:30", "2027-11-01 01:30" },
		{ "30 * * * *", "Europe/Berlin", "2027-10-31 00:30", "2027-10-31 01:30" }, /* an hour has passed */
		{ "30 * * * *", "Europe/Berlin", "2027-03-28 00:30", "2027-03-28 01:30" },
		{ "30 2 * * *", "Europe/Berlin", "2100-10-30 12:00", "2100-10-31 00:30" }, /* behind what zone files list */
		{ "0 12 30 12 *", "Pacific/Apia", "2011-12-01 00:00", "2011-12-30 10:00" }, /* that day was left out */
		{ "15 0 * * *", "America/Havana", "2024-03-09 12:00", "2024-03-10 05:00" }, /* the gap is at midnight */
		{ "15 0 * * *", "America/Havana", "2024-11-02 12:00", "2024-11-03 04:15" },
		{ "15 2 * * *", "Australia/Lord_Howe", "2027-10-02 12:00", "2027-10-02 15:30" }, /* half an hour */
	};

	return cr_make_param_array(struct known, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct known *c, cron, known_times)
{
	struct cron cron;
	struct zone zone;
	struct error e = { 0 };

	cr_assert_eq(cron_parse(c->text, &cron, &e), 0, "%s", e.text);
	cr_assert_eq(zone_open(c->zone, &zone, &e), 0, "%s", e.text);
	cr_expect_eq(cron_next(&cron, &zone, utc(c->after)), utc(c->next), "%s %s after %s: %jd, not %jd", c->text, c->zone, c->after,
		     (intmax_t)cron_next(&cron, &zone, utc(c->after)), (intmax_t)utc(c->next));
	zone_close(&zone);
}

/* The same rules in another way: minute by minute, with the clocks that the last day has shown. */
static bool shows(const struct cron *cron, int64_t local)
{
	struct tm tm = { 0 };
	bool day, weekday;

	(void)gmtime_r(&(time_t){ local }, &tm);
	day = cron->days >> tm.tm_mday & 1;
	weekday = cron->weekdays >> tm.tm_wday & 1;
	return cron->minutes >> tm.tm_min & 1 && cron->hours >> tm.tm_hour & 1 && cron->months >> (tm.tm_mon + 1) & 1 &&
	       (cron->any_day || cron->any_weekday ? day && weekday : day || weekday);
}

static bool is_due(const struct cron *cron, const struct zone *zone, int64_t at)
{
	int64_t offset = zone_offset(zone, at), before = zone_offset(zone, at - 60);

	if (shows(cron, at + offset)) {
		/* Has this clock been shown within the last day? */
		for (int64_t back = 60; !cron->is_hourly && back <= 86400; back += 60)
			if (at - back + zone_offset(zone, at - back) == at + offset)
				return false;
		return true;
	}
	for (int64_t local = at + before; !cron->is_hourly && local < at + offset; local += 60)
		if (shows(cron, local))
			return true;
	return false;
}

struct walk {
	char zone[24], from[20];
	int days;
};

ParameterizedTestParameters(cron, as_a_walk)
{
	static struct walk cases[] = {
		{ "UTC", "2027-12-30 00:00", 4 },
		{ "Europe/Berlin", "2027-03-26 12:00", 4 },
		{ "Europe/Berlin", "2027-10-29 12:00", 4 },
		{ "America/Havana", "2027-03-12 12:00", 4 },
		{ "America/Havana", "2027-11-05 12:00", 4 },
		{ "Australia/Lord_Howe", "2027-10-01 12:00", 3 },
		{ "Australia/Lord_Howe", "2027-04-02 12:00", 3 },
		{ "Asia/Kathmandu", "2027-02-27 00:00", 3 },
		{ "America/Scoresbysund", "2027-03-26 12:00", 4 }, /* to and from midnight */
		{ "America/Scoresbysund", "2027-10-29 12:00", 4 },
	};

	return cr_make_param_array(struct walk, cases, sizeof cases / sizeof *cases);
}

static void walk(const char *text, const struct zone *zone, const struct walk *c)
{
	int64_t at = utc(c->from), end = at + c->days * 86400, expected;
	struct cron cron;
	struct error e = { 0 };

	cr_assert_eq(cron_parse(text, &cron, &e), 0, "%s", e.text);
	expected = cron_next(&cron, zone, at);
	for (at += 60; at < end; at += 60) {
		bool due = is_due(&cron, zone, at);

		cr_assert_eq(due, at == expected, "%s %s at %jd: due %d, expected %jd", text, c->zone, (intmax_t)at, due, (intmax_t)expected);
		if (due)
			expected = cron_next(&cron, zone, at);
	}
}

ParameterizedTest(struct walk *c, cron, as_a_walk)
{
	static const char *const texts[] = { "30 2 * * *", "*/20 0-3 * * *", "15 * * * *", "*/25 */2 * * *", "0 0,23 * * *", "59 1,2 * * 0",
					     "0 3 31 * 1", "10-50/10 1-3 28,31 3,10 sun" };
	struct zone zone;
	struct error e = { 0 };

	cr_assert_eq(zone_open(c->zone, &zone, &e), 0, "%s", e.text);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		walk(texts[i], &zone, c);
	zone_close(&zone);
}

Test(zone, names)
{
	static const char *const wrong[] = { "", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "right/Europe/Berlin", "Europe", ":UTC",
					     "tzdata.zi" };
	struct zone zone;
	struct error e = { 0 };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		error_clear(&e);
		cr_expect_eq(zone_open(wrong[i], &zone, &e), -1, "%s", wrong[i]);
		cr_expect_eq(e.kind, ERROR_SPEC);
	}
	error_clear(&e);
	cr_expect_eq(zone_open("local", &zone, &e), 0, "%s", e.text);
	zone_close(&zone);
	cr_assert_eq(setenv("TZ", "Asia/Tokyo", 1), 0);
	cr_assert_eq(zone_open("Etc/GMT+5", &zone, &e), 0, "%s", e.text);
	cr_expect_eq(zone_offset(&zone, 0), -5 * 3600);
	zone_close(&zone);
	cr_expect_str_eq(getenv("TZ"), "Asia/Tokyo", "as it was before");
	cr_assert_eq(zone_open(NULL, &zone, &e), 0);
	cr_expect_eq(zone_offset(&zone, 0), 0);
	zone_close(&zone);
}
