/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron.c - the times at which a background job runs, as crontab(5) writes them.
 */
#include "specs/cron.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/zone.h"

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	FIELDS = 5,
	FARTHEST = 15 * HOUR, /* no clock is farther from UTC */
	MOST_DAYS = 50 * 366, /* one 29 February that is a Sunday, and the next: up to 40 years */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct part {
	const char *words;
	int64_t min, max;
	const char *const *names; /* of min and what follows; NULL: it has none */
} parts[FIELDS] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of the month", 1, 31, NULL },
	{ "month", 1, 12, months },
	{ "day of the week", 0, 7, weekdays },
};

static const struct {
	const char *word, *stands_for;
} words[] = {
	{ "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" }, { "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" },
};

static int parse_number(const struct part *part, const char *text, int64_t *ret, struct error *e)
{
	for (int i = 0; part->names && part->names[i]; i++)
		if (strcasecmp(part->names[i], text) == 0) {
			*ret = part->min + i;
			return 0;
		}
	/* "05" is common in crontabs. */
	if (text[0] == '0' && text[1])
		text++;
	if (number_parse(text, part->min, part->max, ret) == 0)
		return 0;
	return error_set(e, ERROR_SPEC, "%s: expected a number from %jd to %jd%s, found \"%.40s\"", part->words, (intmax_t)part->min,
			 (intmax_t)part->max, part->names ? ", or the first three letters of a name" : "", text);
}

/* "*", "5", "8-18", and a step behind "*" or a range. Text is cut up. */
static int parse_range(const struct part *part, char *text, uint64_t *bits, struct error *e)
{
	char *slash = strchr(text, '/'), *dash;
	int64_t first = part->min, last = part->max, step = 1;

	if (slash)
		*slash++ = '\0';
	dash = strchr(text, '-');
	if (slash && !dash && strcmp(text, "*") != 0)
		return error_set(e, ERROR_SPEC, "a step stands behind \"*\" or a range (\"%.40s-%jd/%.40s\"), found \"%.40s/%.40s\"", text,
				 (intmax_t)part->max, slash, text, slash);
	if (slash && number_parse(slash, 1, part->max, &step))
		return error_set(e, ERROR_SPEC, "%s: expected a step from 1 to %jd, found \"%.40s\"", part->words, (intmax_t)part->max, slash);
	if (dash)
		*dash++ = '\0';
	if (strcmp(text, "*") != 0 && parse_number(part, text, &first, e))
		return -1;
	if (strcmp(text, "*") != 0 && !dash)
		last = first;
	if (dash && parse_number(part, dash, &last, e))
		return -1;
	if (first > last)
		return error_set(e, ERROR_SPEC, "%s: the range \"%.40s-%.40s\" ends before it begins", part->words, text, dash);
	for (int64_t i = first; i <= last; i += step)
		*bits |= UINT64_C(1) << i;
	return 0;
}

static int parse_part(const struct part *part, char *text, uint64_t *ret, struct error *e)
{
	char *next;

	for (*ret = 0; text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		if (parse_range(part, text, ret, e))
			return -1;
	}
	return 0;
}

/* What the word stands for, or the text itself; NULL: there is no such word. */
static const char *expand(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i].word, text) == 0)
			return words[i].stands_for;
	return *text == '@' ? NULL : text;
}

static int expected(const char *found, struct error *e)
{
	if (strcasecmp(found, "@reboot") == 0) {
		error_set(e, ERROR_SPEC, "\"@reboot\" is no time");
		return error_hint(e, "an app without a schedule and with \"restart\": \"unless-stopped\" is begun when the host starts");
	}
	return error_set(e, ERROR_SPEC, "expected five fields as in crontab (\"30 3 * * mon-fri\": minute, hour, day, month, day of the week), "
			 "or @hourly, @daily, @weekly, @monthly or @yearly, found \"%.80s\"", found);
}

int cron_parse(const char *text, struct cron *ret, struct error *e)
{
	const char *expanded = expand(text);
	autofree char *copy = alloc_copy(expanded ? expanded : "");
	char *fields[FIELDS] = { NULL }, *save = NULL, *word = strtok_r(copy, " \t", &save);
	struct cron cron = { 0 };
	uint64_t *const bits[FIELDS] = { &cron.minutes, &cron.hours, &cron.days, &cron.months, &cron.weekdays };
	bool *const stars[FIELDS] = { NULL, &cron.is_hourly, &cron.any_day, NULL, &cron.any_weekday };
	const struct zone utc = { .is_utc = true };
	size_t count = 0;

	for (; word; word = strtok_r(NULL, " \t", &save), count++)
		if (count < FIELDS)
			fields[count] = word;
	if (count != FIELDS)
		return expected(text, e);
	for (int i = 0; i < FIELDS; i++) {
		if (stars[i])
			*stars[i] = fields[i][0] == '*';
		if (parse_part(&parts[i], fields[i], bits[i], e))
			return -1;
	}
	if (cron.weekdays & 1 << 7)
		cron.weekdays |= 1; /* both are Sunday */
	if (cron_next(&cron, &utc, 0) < 0)
		return error_set(e, ERROR_SPEC, "the day of \"%.80s\" never comes", text);
	*ret = cron;
	return 0;
}

static bool has(uint64_t bits, int number)
{
	return bits >> number & 1;
}

/* Whether the job runs on that day, counted from 1970. */
static bool is_day(const struct cron *cron, int64_t day)
{
	const time_t begin = day * DAY;
	struct tm tm = { 0 };
	bool day_fits, weekday_fits;

	if (!gmtime_r(&begin, &tm) || !has(cron->months, tm.tm_mon + 1))
		return false;
	day_fits = has(cron->days, tm.tm_mday);
	weekday_fits = has(cron->weekdays, tm.tm_wday);
	return cron->any_day || cron->any_weekday ? day_fits && weekday_fits : day_fits || weekday_fits;
}

/* The moment between the two at which the offset became another than before. */
static int64_t find_change(const struct zone *zone, int64_t early, int64_t late, int64_t before)
{
	while (late - early > 1) {
		int64_t middle = early + (late - early) / 2;

		if (zone_offset(zone, middle) == before)
			early = middle;
		else
			late = middle;
	}
	return late;
}

/* The first moment later than after at which the zone's clock shows local (seconds, as if it were UTC) and the job runs; -1: none. */
static int64_t moment(const struct cron *cron, const struct zone *zone, int64_t local, int64_t after)
{
	int64_t before = zone_offset(zone, local - DAY), later = zone_offset(zone, local + DAY), at[2];
	int count = 0;

	if (zone_offset(zone, local - before) == before)
		at[count++] = local - before;
	if (later != before && zone_offset(zone, local - later) == later)
		at[count++] = local - later;
	if (count == 0 && !cron->is_hourly)
		at[count++] = find_change(zone, local - later - 1, local - before, before);
	if (count == 2 && !cron->is_hourly)
		count = 1; /* the clock is put back: the first one has the offset of before */
	for (int i = 0; i < count; i++)
		if (at[i] > after)
			return at[i];
	return -1;
}

/* The first one on that day, or -1. */
static int64_t first_on(const struct cron *cron, const struct zone *zone, int64_t day, int64_t after)
{
	int64_t best = -1;

	for (int minute = 0; minute < 24 * 60; minute++) {
		int64_t local = day * DAY + minute * 60, at;

		if (!has(cron->hours, minute / 60) || !has(cron->minutes, minute % 60) || local + FARTHEST < after)
			continue;
		if (best >= 0 && local - FARTHEST > best)
			break;
		at = moment(cron, zone, local, after);
		if (at >= 0 && (best < 0 || at < best))
			best = at;
	}
	return best;
}

int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after)
{
	int64_t today = (after + zone_offset(zone, after)) / DAY, best = -1;

	/* Where a clock is put back at midnight, a day's last hour may come behind the next day's first. */
	for (int64_t day = today - 1; day < today + MOST_DAYS; day++) {
		int64_t at = is_day(cron, day) ? first_on(cron, zone, day, after) : -1;

		if (best >= 0 && (at < 0 || at >= best))
			return best;
		if (at >= 0)
			best = at;
	}
	return best;
}
