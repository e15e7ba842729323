/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - what time it is, and how it is written.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { MS = 1000000, SECOND = 1000000000 };

static int64_t read_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now); /* cannot fail with these clocks */
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int64_t clock_boot_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / MS;
}

int64_t clock_monotonic_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / MS;
}

int64_t clock_since_1970_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t clock_since_1970_ms(void)
{
	return read_ns(CLOCK_REALTIME) / MS;
}

/* A day of the calendar. */
struct day {
	int year, month, day;
};

/* The day that is so many days after 1970-01-01. A year begins in March here, so that a leap day is its last, and 400 of them are an era.
 * Not gmtime_r: in glibc it reads the file of the local time zone first. */
static struct day day_of(int64_t days)
{
	enum { ERA = 146097, TO_1970 = 719468 /* from 0000-03-01 */ };
	int64_t since = days + TO_1970, era = (since >= 0 ? since : since - ERA + 1) / ERA;
	int64_t of_era = since - era * ERA;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA - 1)) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (int)((5 * of_year + 2) / 153); /* 0: March */

	return (struct day){
		.year = (int)(year + era * 400 + (month >= 10)),
		.month = month < 10 ? month + 3 : month - 9,
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

void clock_print(int64_t seconds, int64_t nanoseconds, int digits, char ret[static CLOCK_TEXT])
{
	enum { DAY = 86400, HOUR = 3600, MINUTE = 60 };
	int64_t days = seconds / DAY - (seconds % DAY < 0);
	int left = (int)(seconds - days * DAY);
	struct day day = day_of(days);
	char fraction[16] = "";

	if (digits)
		(void)snprintf(fraction, sizeof fraction, ".%09u", (unsigned)(nanoseconds % SECOND)); /* always fits */
	(void)snprintf(ret, CLOCK_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d%.*sZ", day.year, day.month, day.day, left / HOUR,
		       left % HOUR / MINUTE, left % MINUTE, digits ? 1 + digits : 0, fraction);
}
