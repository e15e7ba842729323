/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_dump.c - structs to JSON, by the tables that read them.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/limits.h"

json_t *field_text(const char *text)
{
	json_t *value = json_string(text);
	struct text valid = { 0 };

	if (value)
		return value;
	for (size_t length = strlen(text), i = 0; i < length;) {
		size_t step = length - i > 4 ? 4 : length - i;

		/* The longest piece of at most one character that jansson takes. */
		for (; step; step--) {
			value = json_stringn(text + i, step);
			if (value)
				break;
		}
		if (value)
			text_add_bytes(&valid, text + i, step);
		else
			text_add(&valid, "\xef\xbf\xbd");
		json_decref(value);
		value = NULL;
		i += step ? step : 1;
	}
	value = json_string(valid.data ? valid.data : "");
	text_release(&valid);
	return value;
}

static json_t *build_list(const struct list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, field_text(list->items[i]));
	return array;
}

static json_t *build_numbers(const struct list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_integer(strtoll(list->items[i], NULL, 10)));
	return array;
}

/* What does not fit is the text that was read for it (field_parse_wide). */
static json_t *build_unsigned(uint64_t value)
{
	return value > INT64_MAX ? json_sprintf("%llu", (unsigned long long)value) : json_integer((json_int_t)value);
}

static json_t *build_flags(const struct field *f, uint64_t flags)
{
	json_t *array = json_array();

	for (int i = 0; f->names[i]; i++)
		if (flags & UINT64_C(1) << i)
			json_array_append_new(array, json_string(f->names[i]));
	return array;
}

static json_t *build_map(const struct list *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->count; i++) {
		autofree char *key = alloc_copy(list->items[i]);
		char *equals = strchr(key, '=');

		if (!equals)
			continue;
		*equals = '\0';
		json_object_set_new(object, key, field_text(equals + 1));
	}
	return object;
}

static json_t *build_items(const struct field *f, const char *object)
{
	const size_t *count = (const size_t *)(const void *)(object + f->count_offset);
	bool is_map = f->kind == FIELD_OBJECT_MAP;
	json_t *result = is_map ? json_object() : json_array();
	const char *items;

	memcpy(&items, object + f->offset, sizeof items);
	for (size_t i = 0; i < *count; i++) {
		const char *item = items + i * f->size;

		if (is_map)
			json_object_set_new(result, *(char *const *)(const void *)item, field_build(f->sub, item));
		else
			json_array_append_new(result, field_build(f->sub, item));
	}
	return result;
}

/* "1m30s" and the like: the largest unit that divides it. */
static json_t *build_duration(int64_t us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = { { "h", INT64_C(3600000000) }, { "m", 60000000 }, { "s", 1000000 }, { "ms", 1000 }, { "us", 1 } };
	size_t i = 0;

	while (us % units[i].us || (!us && i < 2))
		i++;
	return json_sprintf("%lld%s", (long long)(us / units[i].us), units[i].unit);
}

static json_t *build_number(const struct field *f, int64_t value)
{
	if (value == LIMIT_UNSET)
		return NULL;
	if (f->kind == FIELD_DURATION)
		return build_duration(value);
	if (f->kind == FIELD_CPUS)
		return value % 1000000 ? json_real((double)value / 1000000) : json_integer(value / 1000000);
	return json_integer(value);
}

/* NULL: nothing was said, nothing is printed. */
static json_t *build_value(const struct field *f, const char *object)
{
	const void *place = object + f->offset;
	const char *text;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		text = *(char *const *)place;
		return text ? field_text(text) : NULL;
	case FIELD_BOOL:
		return json_boolean(*(const bool *)place);
	case FIELD_INTEGER:
	case FIELD_SIZE:
	case FIELD_DURATION:
	case FIELD_CPUS:
		return build_number(f, *(const int64_t *)place);
	case FIELD_MODE:
		return json_sprintf("%04o", *(const mode_t *)place);
	case FIELD_ENUM:
		return *(const int *)place < f->min ? NULL : json_string(f->names[*(const int *)place - f->min]);
	case FIELD_UNSIGNED:
		return build_unsigned(*(const uint64_t *)place);
	case FIELD_FLAGS:
		return build_flags(f, *(const uint64_t *)place);
	case FIELD_NUMBER_LIST:
		return build_numbers(place);
	case FIELD_TEXT_LIST:
		return f->flags & FIELD_SPARSE && !((const struct list *)place)->count ? NULL : build_list(place);
	case FIELD_MAP:
		return build_map(place);
	case FIELD_OBJECT:
		return field_build(f->sub, place);
	case FIELD_OBJECT_LIST:
	case FIELD_OBJECT_MAP:
		return build_items(f, object);
	case FIELD_UNSUPPORTED:
	case FIELD_OPAQUE:
		break;
	}
	return NULL;
}

json_t *field_build(const struct field *table, const void *object)
{
	json_t *result = json_object();

	for (const struct field *f = table; f->key; f++) {
		json_t *value = f->flags & FIELD_HIDDEN ? NULL : build_value(f, object);

		if (value)
			json_object_set_new(result, f->key, value);
	}
	return result;
}

void field_print(const json_t *value, struct text *ret)
{
	char *json = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

	text_add(ret, json ? json : "{}");
	text_add_char(ret, '\n');
	free(json);
}

void field_dump_line(const struct field *table, const void *object, struct text *ret)
{
	json_t *value = field_build(table, object);
	char *json = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9));

	text_add(ret, json ? json : "{}");
	text_add_char(ret, '\n');
	free(json);
	json_decref(value);
}

void field_dump(const struct field *table, const void *object, struct text *ret)
{
	json_t *value = field_build(table, object);

	field_print(value, ret);
	json_decref(value);
}
