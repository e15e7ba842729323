/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_keys.c - the values of a seccomp profile, by key.
 */
#include "specs/seccomp_keys.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/seccomp_words.h"

enum { NEAR = 3 }; /* edits between a key and the one that was meant */

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",  [JSON_STRING] = "a text",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

int key_wrong(const json_t *value, const char *expected, struct error *e)
{
	return error_set(e, ERROR_SPEC, "expected %s, found %s", expected, type_name(value));
}

static int unknown_key(const struct key *keys, const char *name, struct error *e)
{
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	for (; keys->name; keys++) {
		size_t edits = text_distance(name, keys->name);

		if (edits < least && edits * 2 <= strlen(keys->name)) {
			least = edits;
			nearest = keys->name;
		}
	}
	if (nearest)
		return error_set(e, ERROR_SPEC, "unknown key \"%.64s\": did you mean \"%s\"?", name, nearest);
	return error_set(e, ERROR_SPEC, "unknown key \"%.64s\"", name);
}

int key_object(json_t *object, const struct key *keys, void *target, struct error *e)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return key_wrong(object, "an object", e);
	json_object_foreach(object, name, value)
	{
		const struct key *key = keys;

		while (key->name && strcmp(key->name, name) != 0)
			key++;
		if (!key->name)
			return unknown_key(keys, name, e);
		if (key->decode && !json_is_null(value) && key->decode(value, target, e))
			return error_at(e, "%s", name);
	}
	return 0;
}

int key_text(json_t *value, const char **ret, struct error *e)
{
	const char *text = json_string_value(value);

	if (text && strlen(text) == json_string_length(value)) {
		*ret = text;
		return 0;
	}
	if (text)
		error_set(e, ERROR_SPEC, "expected a text, found one with a zero byte");
	else
		key_wrong(value, "a text", e);
	return -1;
}

int key_list(json_t *value, struct list *ret, struct error *e)
{
	const char *text = NULL;
	json_t *item;
	size_t i;

	if (!json_is_array(value))
		return key_wrong(value, "an array of texts", e);
	list_release(ret);
	json_array_foreach(value, i, item)
	{
		if (key_text(item, &text, e))
			return error_at(e, "[%zu]", i);
		list_add(ret, text);
	}
	return 0;
}

int key_word(json_t *value, const struct word *words, const char *what, int *ret, struct error *e)
{
	const char *text = NULL;

	if (key_text(value, &text, e))
		return -1;
	for (const struct word *word = words; word->name; word++) {
		if (strcmp(word->name, text) == 0) {
			*ret = word->value;
			return 0;
		}
	}
	return error_set(e, ERROR_SPEC, "expected %s such as \"%s\", found \"%.64s\"", what, words->name, text);
}

int key_number(json_t *value, json_int_t max, json_int_t *ret, struct error *e)
{
	if (!json_is_integer(value))
		return key_wrong(value, "a number", e);
	if (json_integer_value(value) < 0 || json_integer_value(value) > max)
		return error_set(e, ERROR_SPEC, "expected a number from 0 to %lld, found %lld", (long long)max,
				 (long long)json_integer_value(value));
	*ret = json_integer_value(value);
	return 0;
}
