/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_values.c - JSON values without parts into their places.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"

enum { CPUS_LEAST = 10000, CPUS_MOST = 65536 }; /* the kernel's shortest quota is 1 ms in 100 ms */

static const int64_t million = 1000000;

static int decode_text(const struct field *f, json_t *value, char **place, struct text *expected)
{
	const char *text = json_string_value(value);
	bool is_path = f->kind == FIELD_PATH;

	if (text && (!is_path || (text[0] == '/' && !strstr(text, "/../") && !text_ends(text, "/..")))) {
		free(*place);
		*place = alloc_copy(text);
		return 0;
	}
	text_add(expected, is_path ? "an absolute path without \"..\"" : "a text");
	return -1;
}

static int decode_integer(const struct field *f, json_t *value, int64_t *place, struct text *expected)
{
	bool is_bounded = f->min || f->max;
	int64_t min = is_bounded ? f->min : INT64_MIN, max = is_bounded ? f->max : INT64_MAX;
	int64_t number = json_integer_value(value);

	if (json_is_string(value) ? number_parse(json_string_value(value), min, max, &number) == 0
				  : json_is_integer(value) && number >= min && number <= max) {
		*place = number;
		return 0;
	}
	text_add(expected, "a whole number");
	if (max < INT64_MAX)
		text_addf(expected, " from %jd to %jd", (intmax_t)min, (intmax_t)max);
	else if (is_bounded)
		text_addf(expected, ", at least %jd", (intmax_t)min);
	return -1;
}

/* strtoull would take a sign, space and 0x. */
static int decode_unsigned(json_t *value, uint64_t *place, struct text *expected)
{
	const char *digits = json_string_value(value);
	uint64_t number = 0, digit = 0;
	bool is_good = digits && *digits;

	for (; is_good && *digits; digits++) {
		digit = (uint64_t)(*digits - '0');
		is_good = *digits >= '0' && *digits <= '9' && number <= (UINT64_MAX - digit) / 10;
		number = number * 10 + digit;
	}
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		number = (uint64_t)json_integer_value(value);
		is_good = true;
	}
	if (is_good) {
		*place = number;
		return 0;
	}
	text_addf(expected, "a whole number from 0 to %ju", (uintmax_t)UINT64_MAX);
	return -1;
}

static int decode_size(const struct field *f, json_t *value, int64_t *place, struct text *expected)
{
	const char *text = json_string_value(value);
	int64_t bytes = json_integer_value(value);

	if ((text ? size_parse(text, &bytes) == 0 : json_is_integer(value)) && bytes >= f->min) {
		*place = bytes;
		return 0;
	}
	text_add(expected, "a size such as \"512m\"");
	if (f->min)
		text_addf(expected, ", at least %jd", (intmax_t)f->min);
	return -1;
}

static int decode_duration(const struct field *f, json_t *value, int64_t *place, struct text *expected)
{
	int64_t us;

	if (json_is_string(value) && duration_parse(json_string_value(value), &us) == 0 && us >= f->min) {
		*place = us;
		return 0;
	}
	text_add(expected, "a duration such as \"1m30s\"");
	if (f->min >= 1000)
		text_addf(expected, ", at least %jdms", (intmax_t)f->min / 1000);
	else if (f->min)
		text_add(expected, ", more than 0");
	return -1;
}

static int decode_cpus(json_t *value, int64_t *place, struct text *expected)
{
	double number = json_number_value(value);
	int64_t cpus = 0;
	bool is_good = false;

	if (json_is_string(value)) {
		is_good = cpus_parse(json_string_value(value), &cpus) == 0;
	} else if (json_is_number(value) && number >= 0 && number <= CPUS_MOST) {
		cpus = (int64_t)(number * (double)million + 0.5);
		is_good = true;
	}
	if (is_good && cpus >= CPUS_LEAST && cpus <= CPUS_MOST * million) {
		*place = cpus;
		return 0;
	}
	text_add(expected, "a number of cpus such as 1.5, at least 0.01");
	return -1;
}

static int decode_mode(json_t *value, mode_t *place, struct text *expected)
{
	if (json_is_string(value) && mode_parse(json_string_value(value), place) == 0)
		return 0;
	text_add(expected, "an octal mode such as \"0400\"");
	return -1;
}

static int decode_enum(const struct field *f, json_t *value, int *place, struct text *expected)
{
	const char *text = json_string_value(value);

	for (int i = 0; f->names[i]; i++) {
		if (text && strcmp(f->names[i], text) == 0) {
			*place = i + (int)f->min;
			return 0;
		}
	}
	for (int i = 0; f->names[i]; i++)
		text_addf(expected, "%s\"%s\"", !i ? "" : f->names[i + 1] ? ", " : " or ", f->names[i]);
	return -1;
}

int field_decode_scalar(const struct field *f, json_t *value, void *place, struct text *expected)
{
	switch (f->kind) {
	case FIELD_BOOL:
		if (json_is_boolean(value)) {
			*(bool *)place = json_is_true(value);
			return 0;
		}
		text_add(expected, "true or false");
		return -1;
	case FIELD_INTEGER:
		return decode_integer(f, value, place, expected);
	case FIELD_UNSIGNED:
		return decode_unsigned(value, place, expected);
	case FIELD_SIZE:
		return decode_size(f, value, place, expected);
	case FIELD_DURATION:
		return decode_duration(f, value, place, expected);
	case FIELD_CPUS:
		return decode_cpus(value, place, expected);
	case FIELD_MODE:
		return decode_mode(value, place, expected);
	case FIELD_ENUM:
		return decode_enum(f, value, place, expected);
	default:
		return decode_text(f, value, place, expected);
	}
}
