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
	json_t *array = json_array();
	const char *items;

	memcpy(&items, object + f->offset, sizeof items);
	for (size_t i = 0; i < *count; i++)
		json_array_append_new(array, field_build(f->sub, items + i * f->size));
	return array;
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
	case FIELD_TEXT_LIST:
		return build_list(place);
	case FIELD_MAP:
		return build_map(place);
	case FIELD_OBJECT:
		return field_build(f->sub, place);
	case FIELD_OBJECT_LIST:
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

void field_dump(const struct field *table, const void *object, struct text *ret)
{
	json_t *value = field_build(table, object);

	field_print(value, ret);
	json_decref(value);
}
