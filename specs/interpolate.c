/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpolate.c - ${VARIABLES} in the texts of a spec.
 *
 * Done on parsed values, so that no variable can add a field or end a text.
 */
#include "specs/interpolate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/problems.h"

enum { DEEPEST = 8 }; /* defaults in defaults */

static int interpolate(const char *text, int depth, struct text *ret, struct error *e);

static bool is_name(const char *name, size_t length)
{
	if (!length || (*name >= '0' && *name <= '9'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", name[i]))
			return false;
	return true;
}

/* The "}" of a "${" whose inside begins here: a default may have variables of its own. */
static const char *find_close(const char *at)
{
	for (int open = 1; *at; at++) {
		if (*at == '}' && --open == 0)
			return at;
		if (*at == '$' && (at[1] == '$' || at[1] == '{')) {
			open += at[1] == '{';
			at++;
		}
	}
	return NULL;
}

static int take_default(const char *words, size_t length, int depth, struct text *ret, struct error *e)
{
	autofree char *text = alloc_copy_bytes(words, length);

	if (depth == DEEPEST)
		return error_set(e, ERROR_SPEC, "more than %d defaults in each other: \"%.80s\"", DEEPEST, text);
	return interpolate(text, depth + 1, ret, e);
}

/* One "${…}" whose inside has the given length. */
static int replace(const char *inside, size_t length, int depth, struct text *ret, struct error *e)
{
	size_t name_length = strcspn(inside, ":}");
	const char *option = inside + name_length;
	int shown = length > 60 ? 60 : (int)length;
	char name[128];
	const char *value;

	if (name_length >= sizeof name || !is_name(inside, name_length))
		return error_set(e, ERROR_SPEC, "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${%.*s}\"", shown, inside);
	memcpy(name, inside, name_length);
	name[name_length] = '\0';
	value = getenv(name);
	if (value && (*value || *option == '}')) {
		text_add(ret, value);
		return 0;
	}
	if (strncmp(option, ":-", 2) == 0)
		return take_default(option + 2, length - name_length - 2, depth, ret, e);
	if (strncmp(option, ":?", 2) == 0)
		return error_set(e, ERROR_SPEC, "variable %s is %s%s%.*s", name, value ? "empty" : "not set", length - name_length > 2 ? ": " : "",
				 (int)(length - name_length) - 2, option + 2);
	if (*option == ':')
		return error_set(e, ERROR_SPEC, "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${%.*s}\"", shown, inside);
	error_set(e, ERROR_SPEC, "variable %s is not set", name);
	return error_hint(e,
			  "set it (set -a; . ./.env; set +a for those of a file), or write ${%s:-default}; a \"$\" of the app's own is written $$", name);
}

static int interpolate(const char *text, int depth, struct text *ret, struct error *e)
{
	for (const char *at = text; *at; at++) {
		const char *close;

		if (*at == '$' && at[1] == '$') {
			text_add_char(ret, '$');
			at++;
		} else if (*at == '$' && at[1] == '{') {
			close = find_close(at + 2);
			if (!close)
				return error_set(e, ERROR_SPEC, "\"${\" without \"}\" in \"%.80s\"", text);
			if (replace(at + 2, (size_t)(close - at) - 2, depth, ret, e))
				return -1;
			at = close;
		} else {
			text_add_char(ret, *at);
		}
	}
	return 0;
}

int interpolate_text(const char *text, struct text *ret, struct error *e)
{
	return interpolate(text, 0, ret, e);
}

static int interpolate_string(json_t *value, struct error *e)
{
	struct text out = { 0 };
	int result = interpolate_text(json_string_value(value), &out, e);

	if (result == 0 && json_string_set(value, out.data ? out.data : ""))
		result = error_set(e, ERROR_SPEC, "a variable's value is not UTF-8");
	text_release(&out);
	return result;
}

int interpolate_json(json_t *value, const struct place *at, struct problems *p)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value) && strchr(json_string_value(value), '$') && interpolate_string(value, p->e))
		return field_problem(p, at);
	json_array_foreach(value, i, item) {
		const struct place here = { .up = at, .index = i };

		if (interpolate_json(item, &here, p))
			return -1;
	}
	json_object_foreach(value, key, item) {
		const struct place here = { .up = at, .key = key };

		if (!text_starts(key, "x-") && interpolate_json(item, &here, p))
			return -1;
	}
	return 0;
}

static void escape_string(json_t *value)
{
	const char *text = json_string_value(value);
	struct text out = { 0 };

	for (const char *at = text; *at; at++) {
		if (*at == '$' && (at[1] == '{' || at[1] == '$'))
			text_add_char(&out, '$');
		text_add_char(&out, *at);
	}
	if (out.data)
		(void)json_string_set(value, out.data); /* as valid as it was */
	text_release(&out);
}

void interpolate_escape(json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		escape_string(value);
	json_array_foreach(value, i, item)
		interpolate_escape(item);
	json_object_foreach(value, key, item)
		interpolate_escape(item);
}
