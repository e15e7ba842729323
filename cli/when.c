/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when.c - points in time, as people write them.
 */
#include "cli/when.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

enum { LAST_YEAR = 9999, YEARS_FROM = 1900 };

static const int64_t second = 1000000000;

/* ".5" or nothing: nanoseconds. Returns what follows. */
static const char *read_fraction(const char *at, int64_t *ret_ns)
{
	int64_t unit = second;

	*ret_ns = 0;
	if (*at != '.' && *at != ',')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++) {
		unit /= 10;
		*ret_ns += (*at - '0') * unit;
	}
	return at;
}

/* "Z", "+01:00" or nothing: local time. */
static bool read_zone(const char *at, struct tm *parts, int64_t *ret_seconds)
{
	struct tm offset = { 0 };
	const char *end;

	if (!*at) {
		parts->tm_isdst = -1;
		*ret_seconds = mktime(parts);
		return true;
	}
	*ret_seconds = timegm(parts);
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
		return true;
	end = *at == '+' || *at == '-' ? strptime(at + 1, "%H:%M", &offset) : NULL;
	*ret_seconds -= (*at == '-' ? -1 : 1) * (offset.tm_hour * 3600L + offset.tm_min * 60L);
	return end && !*end;
}

static bool read_date(const char *words, int64_t *ret_ns)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };
	int64_t seconds, fraction;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm parts = { 0 };
		const char *at = strptime(words, forms[i], &parts);

		if (!at || parts.tm_year > LAST_YEAR - YEARS_FROM)
			continue;
		at = read_fraction(at, &fraction);
		if (read_zone(at, &parts, &seconds) && seconds >= 0) {
			*ret_ns = seconds * second + fraction;
			return true;
		}
	}
	return false;
}

static bool read_seconds(const char *words, int64_t *ret_ns)
{
	size_t digits = strspn(words, "0123456789");
	autofree char *whole = text_format("%.*s", (int)digits, words);
	int64_t seconds, fraction;

	if (number_parse(whole, 0, 253402300799, &seconds) || *read_fraction(words + digits, &fraction))
		return false;
	*ret_ns = seconds * second + fraction;
	return true;
}

int when_parse(const char *option, const char *words, int64_t *ret_ns, struct error *e)
{
	struct timespec now = { 0 };
	int64_t ago_us;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	if (duration_parse(words, &ago_us) == 0) {
		*ret_ns = (int64_t)now.tv_sec * second + now.tv_nsec - ago_us * 1000;
		if (*ret_ns < 0)
			*ret_ns = 0;
		return 0;
	}
	if (read_date(words, ret_ns) || read_seconds(words, ret_ns))
		return 0;
	return error_set(e, ERROR_USAGE, "option --%s %s: expected a time such as 2026-11-29T19:42:34Z, 10m (ago) or seconds since 1970", option,
			 words);
}
