/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_decode.c - JSON to structs, by table.
 *
 * The path of a value is a list of places on the C stack, which costs nothing while all goes well. A problem is told
 * to the caller's collection, which says whether the walk goes on; a value with a problem leaves its place as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/problems.h"

enum { SHOWN = 60 };

static int decode_object(const struct field *table, json_t *value, void *object, const struct place *at, struct problems *p);

int field_wrong(const char *key, const char *expected, json_t *found, struct error *e)
{
	char *words = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
	size_t length = words ? strlen(words) : 0, end = length > SHOWN ? SHOWN : length;
	struct text shown = { 0 };

	/* Not in the middle of a character. */
	while (end < length && end && (words[end] & 0xc0) == 0x80)
		end--;
	text_add_escaped(&shown, words ? words : "", end);
	error_set(e, ERROR_SPEC, "expected %s, found %s%s", expected, shown.data ? shown.data : "nothing", end < length ? "…" : "");
	free(words);
	text_release(&shown);
	return key ? error_at(e, "%s", key) : -1;
}

int field_problem(struct problems *p, const struct place *at)
{
	for (; at; at = at->up) {
		if (at->key)
			error_at(p->e, "%s", at->key);
		else
			error_at(p->e, "[%zu]", at->index);
	}
	return problems_add(p);
}

int field_expected(struct problems *p, const struct place *at, const char *expected, json_t *found)
{
	field_wrong(NULL, expected, found, p->e);
	return field_problem(p, at);
}

/* The same, with what to write in the place of another tool's words. */
static int unexpected(const struct field *f, struct problems *p, const struct place *at, const char *expected, json_t *found)
{
	field_wrong(NULL, expected, found, p->e);
	field_hint_value(f, found, p->e);
	return field_problem(p, at);
}

/* An array was meant: shows how it is written. A line for a shell becomes one. */
static void hint_array(const struct field *f, const char *text, struct error *e)
{
	json_t *array = json_array();
	autofree char *copy = alloc_copy(text);
	char *words, *state = NULL;

	if (f->flags & FIELD_CHECK) {
		json_array_append_new(array, json_string("CMD-SHELL"));
		json_array_append_new(array, json_string(text));
	} else if (strpbrk(text, "\"'\\$|&;<>()*?`\n")) {
		json_array_append_new(array, json_string("sh"));
		json_array_append_new(array, json_string("-c"));
		json_array_append_new(array, json_string(text));
	} else {
		for (char *word = strtok_r(copy, " \t", &state); word; word = strtok_r(NULL, " \t", &state))
			json_array_append_new(array, json_string(word));
	}
	words = json_dumps(array, 0);
	error_hint(e, "write \"%s\": %s", f->key, words ? words : "[]");
	free(words);
	json_decref(array);
}

static int decode_texts(json_t *array, struct list *list, const struct place *at, struct problems *p)
{
	json_t *item;
	size_t i;

	list_release(list);
	json_array_foreach(array, i, item) {
		const struct place here = { .up = at, .index = i };

		if (json_is_string(item))
			list_add(list, json_string_value(item));
		else if (field_expected(p, &here, "a text", item))
			return -1;
	}
	return 0;
}

static int decode_list(const struct field *f, json_t *value, struct list *list, const struct place *at, struct problems *p)
{
	if (json_is_string(value) && f->expand) {
		json_t *array = f->expand(json_string_value(value), p->e);
		int result = array ? decode_texts(array, list, at, p) : field_problem(p, at);

		json_decref(array);
		return result;
	}
	if (json_is_array(value))
		return decode_texts(value, list, at, p);
	if (!json_is_string(value))
		return unexpected(f, p, at, "an array of texts", value);
	field_wrong(NULL, "an array of texts", value, p->e);
	hint_array(f, json_string_value(value), p->e);
	return field_problem(p, at);
}

static int decode_number_list(const struct field *f, json_t *value, struct list *list, const struct place *at, struct problems *p)
{
	const struct field number = { f->key, FIELD_INTEGER, 0, .min = f->min, .max = f->max };
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return field_expected(p, at, "an array of whole numbers", value);
	list_release(list);
	json_array_foreach(value, i, item) {
		const struct place here = { .up = at, .index = i };
		autorelease(text) struct text expected = { 0 };
		int64_t found = 0;

		if (field_decode_scalar(&number, item, &found, &expected) == 0)
			list_addf(list, "%jd", (intmax_t)found);
		else if (field_expected(p, &here, expected.data, item))
			return -1;
	}
	return 0;
}

static int decode_flags(const struct field *f, json_t *value, uint64_t *flags, const struct place *at, struct problems *p)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return field_expected(p, at, "an array of texts", value);
	*flags = 0;
	json_array_foreach(value, i, item) {
		const struct field word = { f->key, FIELD_ENUM, 0, .names = f->names };
		const struct place here = { .up = at, .index = i };
		autorelease(text) struct text expected = { 0 };
		int bit = 0;

		if (field_decode_scalar(&word, item, &bit, &expected) == 0)
			*flags |= UINT64_C(1) << bit;
		else if (field_expected(p, &here, expected.data, item))
			return -1;
	}
	return 0;
}

/* The text of a map's value: a text, a number or a boolean as it is written. NULL and e for anything else. The caller frees it. */
static char *map_text(const struct field *f, const char *key, json_t *value, struct error *e)
{
	char *dumped, *copy;

	if (json_is_string(value))
		return alloc_copy(json_string_value(value));
	if (json_is_object(value) && f->fold)
		return f->fold(value, e);
	if (!json_is_number(value) && !json_is_boolean(value)) {
		field_wrong(NULL, "a text, a number, true or false", value, e);
		if (json_is_null(value) && f->flags & FIELD_VARIABLES)
			error_hint(e, "\"%s\": \"${%s}\" is the caller's variable", key, key);
		return NULL;
	}
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	copy = alloc_copy(dumped);
	free(dumped);
	return copy;
}

static int decode_map_object(const struct field *f, json_t *value, struct list *list, const struct place *at, struct problems *p)
{
	const char *key;
	json_t *item;

	json_object_foreach(value, key, item) {
		const struct place here = { .up = at, .key = key };
		autofree char *text = NULL;
		bool is_key = *key && !strchr(key, '=');

		if (!is_key) {
			error_set(p->e, ERROR_SPEC, "expected a key that is not empty and has no \"=\", found \"%.60s\"", key);
			if (field_problem(p, at))
				return -1;
			continue;
		}
		text = map_text(f, key, item, p->e);
		if (text)
			list_addf(list, "%s=%s", key, text); /* no key comes twice in an object: no search, which would cost n * n */
		else if (field_problem(p, &here))
			return -1;
	}
	return 0;
}

/* "KEY=value"; a later one of the same key wins. seen: where each key stands, as a search of the list would cost n * n. */
static bool put(struct list *list, json_t *seen, const char *text)
{
	const char *equals = text ? strchr(text, '=') : NULL;
	autofree char *key = equals ? alloc_copy_bytes(text, (size_t)(equals - text)) : NULL;
	const json_t *place = key ? json_object_get(seen, key) : NULL;

	if (!key || !*key)
		return false;
	if (place) {
		char **item = &list->items[json_integer_value(place)];

		free(*item);
		*item = alloc_copy(text);
		return true;
	}
	list_add(list, text);
	return json_object_set_new(seen, key, json_integer((json_int_t)list->count - 1)) == 0;
}

static int refuse_pair(const struct field *f, json_t *item, const struct place *at, struct problems *p)
{
	const char *text = json_string_value(item);

	field_wrong(NULL, "a text such as \"KEY=value\"", item, p->e);
	if (text && *text && !strchr(text, '=') && f->flags & FIELD_VARIABLES)
		error_hint(p->e, "\"%.80s=${%.80s}\" is the caller's variable", text, text);
	return field_problem(p, at);
}

static int decode_map_array(const struct field *f, json_t *value, struct list *list, const struct place *at, struct problems *p)
{
	json_t *seen = json_object(), *item;
	int result = 0;
	size_t i;

	json_array_foreach(value, i, item) {
		const struct place here = { .up = at, .index = i };
		json_t *pair = f->expand && json_is_string(item) ? f->expand(json_string_value(item), p->e) : json_incref(item);

		if (!pair)
			result = field_problem(p, &here);
		else if (!put(list, seen, json_string_value(pair)))
			result = refuse_pair(f, item, &here, p);
		json_decref(pair);
		if (result)
			break;
	}
	json_decref(seen);
	return result;
}

static int decode_map(const struct field *f, json_t *value, struct list *list, const struct place *at, struct problems *p)
{
	list_release(list);
	if (json_is_object(value))
		return decode_map_object(f, value, list, at, p);
	if (json_is_array(value))
		return decode_map_array(f, value, list, at, p);
	return field_expected(p, at, "an object of texts", value);
}

/* An object, from its short form where it has one; problems are told here. A new reference; NULL where there is no object. */
static json_t *whole_object(const struct field *f, json_t *value, const struct place *at, struct problems *p, int *ret_result)
{
	autofree char *digits = NULL;
	json_t *expanded = NULL;

	*ret_result = 0;
	if (!f->expand || !(json_is_string(value) || json_is_integer(value)))
		return json_incref(value);
	if (json_is_integer(value))
		digits = text_format("%lld", (long long)json_integer_value(value));
	expanded = f->expand(digits ? digits : json_string_value(value), p->e);
	if (!expanded)
		*ret_result = field_problem(p, at);
	return expanded;
}

static int decode_part(const struct field *f, json_t *value, void *object, const struct place *at, struct problems *p)
{
	int result;
	json_t *whole = whole_object(f, value, at, p, &result);

	if (whole)
		result = decode_object(f->sub, whole, object, at, p);
	json_decref(whole);
	return result;
}

static int decode_object_list(const struct field *f, json_t *value, char *object, const struct place *at, struct problems *p)
{
	size_t *count = (size_t *)(void *)(object + f->count_offset);
	json_t *item;
	size_t i;

	if (!json_is_array(value)) {
		field_wrong(NULL, "an array", value, p->e);
		if (json_is_string(value) && f->expand)
			error_hint(p->e, "write \"%s\": [\"%.80s\"]", f->key, json_string_value(value));
		return field_problem(p, at);
	}
	json_array_foreach(value, i, item) {
		const struct place here = { .up = at, .index = i };
		void *place = alloc_append(object + f->offset, count, f->size);

		field_init(f->sub, place);
		if (decode_part(f, item, place, &here, p))
			return -1;
	}
	return 0;
}

static void *append_item(const struct field *f, char *object, const char *key)
{
	void *place = alloc_append(object + f->offset, (size_t *)(void *)(object + f->count_offset), f->size);

	*(char **)place = alloc_copy(key);
	field_init(f->sub, place);
	return place;
}

static int decode_names(const struct field *f, json_t *value, char *object, const struct place *at, struct problems *p)
{
	json_t *item;
	size_t i;

	json_array_foreach(value, i, item) {
		const struct place here = { .up = at, .index = i };

		if (json_is_string(item))
			(void)append_item(f, object, json_string_value(item));
		else if (field_expected(p, &here, "a text", item))
			return -1;
	}
	return 0;
}

static int decode_object_map(const struct field *f, json_t *value, char *object, const struct place *at, struct problems *p)
{
	bool has_names = f->flags & FIELD_NAMES, has_nulls = f->flags & (FIELD_NAMES | FIELD_EMPTY);
	const char *key;
	json_t *item;

	if (has_names && json_is_array(value))
		return decode_names(f, value, object, at, p);
	if (!json_is_object(value))
		return field_expected(p, at, has_names ? "an array of names, or an object of objects" : "an object of objects", value);
	json_object_foreach(value, key, item) {
		const struct place here = { .up = at, .key = key };
		void *place = append_item(f, object, key);

		if (!(has_nulls && json_is_null(item)) && decode_part(f, item, place, &here, p))
			return -1;
	}
	return 0;
}

static int decode_value(const struct field *f, json_t *value, char *object, const struct place *at, struct problems *p)
{
	autorelease(text) struct text expected = { 0 };
	void *place = object + f->offset;

	switch (f->kind) {
	case FIELD_TEXT_LIST:
		return decode_list(f, value, place, at, p);
	case FIELD_NUMBER_LIST:
		return decode_number_list(f, value, place, at, p);
	case FIELD_FLAGS:
		return decode_flags(f, value, place, at, p);
	case FIELD_MAP:
		return decode_map(f, value, place, at, p);
	case FIELD_OBJECT:
		return decode_part(f, value, place, at, p);
	case FIELD_OBJECT_LIST:
		return decode_object_list(f, value, object, at, p);
	case FIELD_OBJECT_MAP:
		return decode_object_map(f, value, object, at, p);
	case FIELD_UNSUPPORTED:
		error_set(p->e, ERROR_UNSUPPORTED, "%s", f->help);
		return field_problem(p, at);
	case FIELD_OPAQUE:
		return 0;
	default:
		return field_decode_scalar(f, value, place, &expected) ? unexpected(f, p, at, expected.data, value) : 0;
	}
}

static const struct field *find_row(const struct field *table, const char *key)
{
	for (const struct field *f = table; f->key; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static int unknown_key(const struct field *table, const struct place *at, struct problems *p)
{
	const char *instead = field_elsewhere(table, at->key), *near = instead ? NULL : field_nearest(table, at->key);
	struct text shown = { 0 };

	text_add_escaped(&shown, at->key, strlen(at->key));
	if (near)
		error_set(p->e, ERROR_SPEC, "unknown field \"%.80s\": did you mean \"%s\"?", shown.data ? shown.data : "", near);
	else
		error_set(p->e, ERROR_SPEC, "unknown field \"%.80s\"", shown.data ? shown.data : "");
	if (instead)
		error_hint(p->e, "%s", instead);
	text_release(&shown);
	return field_problem(p, at);
}

static int decode_object(const struct field *table, json_t *value, void *object, const struct place *at, struct problems *p)
{
	bool is_open = table->flags & FIELD_OPEN, ignores_null = table->flags & (FIELD_OPEN | FIELD_NULLS);
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return field_expected(p, at, "an object", value);
	json_object_foreach(value, key, item) {
		const struct place here = { .up = at, .key = key };
		const struct field *f = find_row(table, key);

		if (f ? ignores_null && json_is_null(item) : is_open || strncmp(key, "x-", 2) == 0)
			continue;
		if (f ? decode_value(f, item, object, &here, p) : unknown_key(table, &here, p))
			return -1;
	}
	for (const struct field *f = table; f->key; f++) {
		json_t *found = f->flags & FIELD_REQUIRED ? json_object_get(value, f->key) : NULL;

		if (!(f->flags & FIELD_REQUIRED) || (found && !(ignores_null && json_is_null(found))))
			continue;
		error_set(p->e, ERROR_SPEC, "missing required field \"%s\"", f->key);
		if (field_problem(p, at))
			return -1;
	}
	return 0;
}

int field_decode_all(const struct field *table, json_t *value, void *object, struct problems *p)
{
	return decode_object(table, value, object, /* at= */ NULL, p);
}

int field_decode(const struct field *table, json_t *value, void *object, struct error *e)
{
	struct problems first = { .e = e };

	return field_decode_all(table, value, object, &first);
}
