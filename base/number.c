/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.c - the only parser of numbers that come from outside.
 */
#include "base/number.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int invalid(void)
{
	errno = EINVAL;
	return -1;
}

static int out_of_range(void)
{
	errno = ERANGE;
	return -1;
}

/* Reads digits at *at into *ret (never above INT64_MAX) and moves *at behind them. */
static int digits(const char **at, int64_t *ret)
{
	int64_t value = 0;
	const char *c = *at;

	if (*c < '0' || *c > '9' || (*c == '0' && c[1] >= '0' && c[1] <= '9'))
		return invalid();
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *c - '0', &value))
			return out_of_range();
	*at = c;
	*ret = value;
	return 0;
}

int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *at = text;
	bool negative = min < 0 && *at == '-';
	int64_t value;

	if (negative)
		at++;
	if (digits(&at, &value))
		return -1;
	if (*at)
		return invalid();
	if (negative)
		value = -value;
	if (value < min || value > max)
		return out_of_range();
	*ret = value;
	return 0;
}

/* "1.5": whole and millionths. At most six digits behind the point. */
static int decimal(const char **at, int64_t *ret_whole, int64_t *ret_millionths)
{
	int64_t scale = 100000;

	if (digits(at, ret_whole))
		return -1;
	*ret_millionths = 0;
	if (**at != '.')
		return 0;
	(*at)++;
	if (**at < '0' || **at > '9')
		return invalid();
	for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10) {
		if (!scale)
			return invalid();
		*ret_millionths += (**at - '0') * scale;
	}
	return 0;
}

int size_parse(const char *text, int64_t *ret_bytes)
{
	static const char letters[] = "bkmgt";
	static const int64_t most = INT64_C(1) << 62;
	int64_t whole, millionths, bytes;
	const char *at = text, *letter;
	int shift = 0;

	if (decimal(&at, &whole, &millionths))
		return -1;
	if (*at) {
		letter = strchr(letters, *at | 0x20);
		if (!letter)
			return invalid();
		shift = (int)(letter - letters) * 10;
		at++;
		if (shift && (strcasecmp(at, "b") == 0 || strcasecmp(at, "ib") == 0))
			at += strlen(at);
		if (*at)
			return invalid();
	}
	if (whole > most >> shift)
		return out_of_range();
	bytes = (whole << shift) + (int64_t)(((__int128)millionths << shift) / 1000000);
	if (!shift && millionths)
		return invalid();
	if (bytes > most)
		return out_of_range();
	*ret_bytes = bytes;
	return 0;
}

int duration_parse(const char *text, int64_t *ret_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "m", 60000000 }, { "h", INT64_C(3600000000) } };
	static const int64_t most = INT64_C(100) * 365 * 24 * 3600 * 1000000;
	const char *at = text;
	int64_t total = 0;

	if (!*at)
		return invalid();
	while (*at) {
		int64_t whole, millionths, part;
		size_t i;

		if (decimal(&at, &whole, &millionths))
			return -1;
		for (i = 0; i < sizeof units / sizeof *units; i++) {
			size_t length = strlen(units[i].unit);

			if (strncmp(at, units[i].unit, length) == 0 && (at[length] < 'a' || at[length] > 'z'))
				break;
		}
		if (i == sizeof units / sizeof *units)
			return invalid();
		at += strlen(units[i].unit);
		if (__builtin_mul_overflow(whole, units[i].us, &part) ||
		    __builtin_add_overflow(part, (int64_t)((__int128)millionths * units[i].us / 1000000), &part) ||
		    __builtin_add_overflow(total, part, &total) || total > most)
			return out_of_range();
	}
	*ret_us = total;
	return 0;
}

enum { CPUS_MOST = 65536 };

/* "1.5" as millionths. strtod would follow the locale, and take "1e3" and "nan". */
int cpus_parse(const char *text, int64_t *ret_millionths)
{
	char whole[24], fraction[8] = "000000";
	size_t length = strcspn(text, "."), digits = text[length] ? strlen(text + length + 1) : 0;
	int64_t cpus, millionths = 0;

	if (!length || length >= sizeof whole || (text[length] && !digits) || digits > 6)
		return -1;
	memcpy(whole, text, length);
	whole[length] = '\0';
	memcpy(fraction, text + length + (digits > 0), digits);
	if (strspn(fraction, "0123456789") != 6 || number_parse(whole, 0, CPUS_MOST, &cpus))
		return -1;
	for (size_t i = 0; i < 6; i++)
		millionths = millionths * 10 + (fraction[i] - '0');
	*ret_millionths = cpus * 1000000 + millionths;
	return 0;
}

int mode_parse(const char *text, mode_t *ret)
{
	mode_t mode = 0;
	size_t length = strlen(text);

	if (length < 1 || length > 5)
		return invalid();
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '7')
			return invalid();
		mode = mode * 8 + (mode_t)(*at - '0');
	}
	if (mode > 07777)
		return out_of_range();
	*ret = mode;
	return 0;
}

const char *size_format(uint64_t bytes, char buffer[static 32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	uint64_t tenths;

	while (unit < 6 && bytes >> (10 * (unit + 1)))
		unit++;
	tenths = unit ? (bytes >> (10 * (unit - 1))) * 10 / 1024 : bytes * 10;
	if (tenths % 10 && tenths < 1000)
		(void)snprintf(buffer, 32, "%ju.%ju %s", (uintmax_t)tenths / 10, (uintmax_t)tenths % 10, units[unit]);
	else
		(void)snprintf(buffer, 32, "%ju %s", (uintmax_t)tenths / 10, units[unit]);
	return buffer;
}
