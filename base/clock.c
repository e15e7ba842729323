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

void clock_print(int64_t seconds, int64_t nanoseconds, int digits, char ret[static CLOCK_TEXT])
{
	char fraction[16] = "";
	time_t when = (time_t)seconds;
	struct tm utc = { 0 };

	(void)gmtime_r(&when, &utc); /* fails only for years that no clock has */
	if (digits)
		(void)snprintf(fraction, sizeof fraction, ".%09u", (unsigned)(nanoseconds % SECOND)); /* always fits */
	(void)snprintf(ret, CLOCK_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d%.*sZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
		       utc.tm_min, utc.tm_sec, digits ? 1 + digits : 0, fraction);
}
