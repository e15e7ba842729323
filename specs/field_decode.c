/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_decode.c - JSON to structs, by table.
 *
 * Each level adds its own step to the error's path on the way out (error_at), so that no path is kept while
 * all goes well.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"

enum { SHOWN = 60 };

int field_wrong(const char *key, const char *expected, json_t *found, struct error *e)
{
	char *words = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
	struct text shown = { 0 };
	size_t length = words ? strlen(words) : 0;

	text_add_escaped(&shown, words ? words : "", length > SHOWN ? SHOWN : length);
	error_set(e, ERROR_SPEC, "expected %s, found %s%s", expected, shown.data ? shown.data : "nothing", length > SHOWN ? "…" : "");
	free(words);
	text_release(&shown);
	return key ? error_at(e, "%s", key) : -1;
}

static int decode_text(const struct field *f, json_t *value, char **place, struct error *e)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value))
		return field_wrong(f->key, "a text", value, e);
	if (f->kind == FIELD_PATH && (text[0] != '/' || strstr(text, "/../") || text_ends(text, "/..")))
		return field_wrong(f->key, "an absolute path without \"..\"", value, e);
	free(*place);
	*place = alloc_copy(text);
	return 0;
}

static int decode_integer(const struct field *f, json_t *value, int64_t *place, struct error *e)
{
	char expected[96] = "a whole number";
	int64_t number = json_integer_value(value);
	bool is_bounded = f->min || f->max;

	if (json_is_integer(value) && (!is_bounded || (number >= f->min && number <= f->max))) {
		*place = number;
		return 0;
	}
	if (is_bounded && f->max < INT64_MAX)
		(void)snprintf(expected, sizeof expected, "a whole number from %jd to %jd", (intmax_t)f->min, (intmax_t)f->max);
	return field_wrong(f->key, expected, value, e);
}

static int decode_size(const struct field *f, json_t *value, int64_t *place, struct error *e)
{
	const char *text = json_string_value(value);
	int64_t bytes = json_integer_value(value);

	if (text ? size_parse(text, &bytes) == 0 : json_is_integer(value) && bytes >= 0) {
		*place = bytes;
		return 0;
	}
	return field_wrong(f->key, "a size such as \"512m\"", value, e);
}

static int decode_duration(const struct field *f, json_t *value, int64_t *place, struct error *e)
{
	const char *text = json_string_value(value);

	if (text && duration_parse(text, place) == 0)
		return 0;
	return field_wrong(f->key, "a duration such as \"1m30s\"", value, e);
}

/* 1.5 or "1.5": the text form goes through the parser of sizes' decimals, so that "1e3" and "nan" are refused. */
static int decode_cpus(const struct field *f, json_t *value, int64_t *place, struct error *e)
{
	const char *text = json_string_value(value);
	double cpus = json_number_value(value);

	if (text && strspn(text, "0123456789.") == strlen(text) && *text)
		cpus = strtod(text, NULL);
	if ((text || json_is_number(value)) && isfinite(cpus) && cpus >= 0.01 && cpus <= 65536) {
		*place = llround(cpus * 1000000);
		return 0;
	}
	return field_wrong(f->key, "a number of cpus such as 1.5, at least 0.01", value, e);
}

static int decode_mode(const struct field *f, json_t *value, mode_t *place, struct error *e)
{
	const char *text = json_string_value(value);

	if (text && mode_parse(text, place) == 0)
		return 0;
	return field_wrong(f->key, "an octal mode such as \"0400\"", value, e);
}

static int decode_enum(const struct field *f, json_t *value, int *place, struct error *e)
{
	const char *text = json_string_value(value);
	struct text expected = { 0 };

	for (int i = 0; text && f->names[i]; i++)
		if (strcmp(f->names[i], text) == 0) {
			*place = i;
			return 0;
		}
	for (int i = 0; f->names[i]; i++)
		text_addf(&expected, "%s\"%s\"", !i ? "" : f->names[i + 1] ? ", " : " or ", f->names[i]);
	field_wrong(f->key, expected.data, value, e);
	text_release(&expected);
	return -1;
}

static int decode_list(const struct field *f, json_t *value, struct list *place, struct error *e)
{
	json_t *item;
	size_t i;

	if (json_is_string(value)) {
		field_wrong(f->key, "an array of texts", value, e);
		return error_hint(e, "write \"%s\": [\"%s\"]", f->key, json_string_value(value));
	}
	if (!json_is_array(value))
		return field_wrong(f->key, "an array of texts", value, e);
	list_release(place);
	json_array_foreach(value, i, item) {
		const char *text = json_string_value(item);

		if (!text || strlen(text) != json_string_length(item)) {
			field_wrong(NULL, "a text", item, e);
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", f->key);
		}
		list_add(place, text);
	}
	return 0;
}

/* The text of a map's value: a text, a number or a boolean as it is written. NULL for anything else. The caller frees it. */
static char *scalar_text(json_t *value)
{
	char *dumped, *copy;

	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value) ? alloc_copy(json_string_value(value)) : NULL;
	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	copy = alloc_copy(dumped);
	free(dumped);
	return copy;
}

static int decode_map_object(const struct field *f, json_t *value, struct list *place, struct error *e)
{
	const char *key;
	json_t *item;

	json_object_foreach(value, key, item) {
		char *text = scalar_text(item);

		if (!text || !*key || strchr(key, '=')) {
			free(text);
			if (!*key || strchr(key, '='))
				error_set(e, ERROR_SPEC, "expected a key that is not empty and has no \"=\", found \"%s\"", key);
			else
				field_wrong(NULL, "a text, a number, true or false", item, e);
			error_at(e, "%s", key);
			return error_at(e, "%s", f->key);
		}
		list_env_set(place, key, text);
		free(text);
	}
	return 0;
}

static int decode_map(const struct field *f, json_t *value, struct list *place, struct error *e)
{
	json_t *item;
	size_t i;

	list_release(place);
	if (json_is_object(value))
		return decode_map_object(f, value, place, e);
	if (!json_is_array(value))
		return field_wrong(f->key, "an object of texts", value, e);
	json_array_foreach(value, i, item) {
		const char *text = json_string_value(item);
		char *key = text && text[0] != '=' && strlen(text) == json_string_length(item) ? alloc_copy(text) : NULL;
		char *equals = key ? strchr(key, '=') : NULL;

		if (!equals) {
			free(key);
			field_wrong(NULL, "a text such as \"KEY=value\"", item, e);
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", f->key);
		}
		*equals = '\0';
		list_env_set(place, key, equals + 1);
		free(key);
	}
	return 0;
}

static int decode_object_list(const struct field *f, json_t *value, char *object, struct error *e)
{
	size_t *count = (size_t *)(void *)(object + f->count_offset);
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return field_wrong(f->key, "an array", value, e);
	json_array_foreach(value, i, item) {
		void *place = alloc_append(object + f->offset, count, f->size);

		if (field_decode(f->sub, item, place, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "%s", f->key);
		}
	}
	return 0;
}

static int decode_value(const struct field *f, json_t *value, char *object, struct error *e)
{
	void *place = object + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		return decode_text(f, value, place, e);
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return field_wrong(f->key, "true or false", value, e);
		*(bool *)place = json_is_true(value);
		return 0;
	case FIELD_INTEGER:
		return decode_integer(f, value, place, e);
	case FIELD_SIZE:
		return decode_size(f, value, place, e);
	case FIELD_DURATION:
		return decode_duration(f, value, place, e);
	case FIELD_CPUS:
		return decode_cpus(f, value, place, e);
	case FIELD_MODE:
		return decode_mode(f, value, place, e);
	case FIELD_ENUM:
		return decode_enum(f, value, place, e);
	case FIELD_TEXT_LIST:
		return decode_list(f, value, place, e);
	case FIELD_MAP:
		return decode_map(f, value, place, e);
	case FIELD_OBJECT:
		return field_decode(f->sub, value, place, e) ? error_at(e, "%s", f->key) : 0;
	case FIELD_OBJECT_LIST:
		return decode_object_list(f, value, object, e);
	case FIELD_UNSUPPORTED:
		error_set(e, ERROR_UNSUPPORTED, "%s", f->help);
		return error_at(e, "%s", f->key);
	}
	return error_set(e, ERROR_INTERNAL, "field %s has an unknown kind", f->key);
}

static const struct field *find_row(const struct field *table, const char *key)
{
	for (const struct field *f = table; f->key; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static int unknown_key(const struct field *table, const char *key, struct error *e)
{
	const char *near = field_nearest(table, key);
	struct text shown = { 0 };

	text_add_escaped(&shown, key, strlen(key));
	if (near)
		error_set(e, ERROR_SPEC, "unknown field \"%s\": did you mean \"%s\"?", shown.data ? shown.data : "", near);
	else
		error_set(e, ERROR_SPEC, "unknown field \"%s\"", shown.data ? shown.data : "");
	text_release(&shown);
	return error_at(e, "%s", key);
}

int field_decode(const struct field *table, json_t *value, void *object, struct error *e)
{
	bool is_open = table->flags & FIELD_OPEN;
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return field_wrong(NULL, "an object", value, e);
	json_object_foreach(value, key, item) {
		const struct field *f = find_row(table, key);

		if (!f && (is_open || strncmp(key, "x-", 2) == 0))
			continue;
		if (!f)
			return unknown_key(table, key, e);
		if (json_is_null(item) && is_open)
			continue;
		if (decode_value(f, item, object, e))
			return -1;
	}
	for (const struct field *f = table; f->key; f++)
		if ((f->flags & FIELD_REQUIRED) && !json_object_get(value, f->key))
			return error_set(e, ERROR_SPEC, "missing required field \"%s\"", f->key);
	return 0;
}
