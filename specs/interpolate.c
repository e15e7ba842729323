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

#include "base/error.h"
#include "base/text.h"

static bool is_name(const char *name, size_t length)
{
	if (!length || (*name >= '0' && *name <= '9'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", name[i]))
			return false;
	return true;
}

/* One "${…}" whose inside has the given length. */
static int replace(const char *inside, size_t length, struct text *ret, struct error *e)
{
	size_t name_length = strcspn(inside, ":}");
	const char *option = inside + name_length;
	char name[128];
	const char *value;

	if (name_length >= sizeof name || !is_name(inside, name_length))
		return error_set(e, ERROR_SPEC, "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${%.*s}\"", (int)length, inside);
	memcpy(name, inside, name_length);
	name[name_length] = '\0';
	value = getenv(name);
	if (value && (*value || *option == '}')) {
		text_add(ret, value);
		return 0;
	}
	if (strncmp(option, ":-", 2) == 0) {
		text_add_bytes(ret, option + 2, length - name_length - 2);
		return 0;
	}
	if (strncmp(option, ":?", 2) == 0)
		return error_set(e, ERROR_SPEC, "variable %s is not set: %.*s", name, (int)(length - name_length - 2), option + 2);
	if (*option == ':')
		return error_set(e, ERROR_SPEC, "expected ${NAME}, ${NAME:-default} or ${NAME:?message}, found \"${%.*s}\"", (int)length, inside);
	error_set(e, ERROR_SPEC, "variable %s is not set", name);
	return error_hint(e, "set it, or write ${%s:-default}; a \"$\" of the app's own is written $$", name);
}

int interpolate_text(const char *text, struct text *ret, struct error *e)
{
	for (const char *at = text; *at; at++) {
		const char *close;

		if (*at == '$' && at[1] == '$') {
			text_add_char(ret, '$');
			at++;
		} else if (*at == '$' && at[1] == '{') {
			close = strchr(at, '}');
			if (!close)
				return error_set(e, ERROR_SPEC, "\"${\" without \"}\" in \"%s\"", text);
			if (replace(at + 2, (size_t)(close - at) - 2, ret, e))
				return -1;
			at = close;
		} else {
			text_add_char(ret, *at);
		}
	}
	return 0;
}

static int interpolate_value(json_t *value, struct error *e)
{
	struct text out = { 0 };
	int result;

	if (!json_is_string(value) || !strchr(json_string_value(value), '$'))
		return json_is_object(value) || json_is_array(value) ? interpolate_json(value, e) : 0;
	if (strlen(json_string_value(value)) != json_string_length(value))
		return error_set(e, ERROR_SPEC, "expected a text without a zero byte");
	result = interpolate_text(json_string_value(value), &out, e);
	if (result == 0 && json_string_set(value, out.data ? out.data : ""))
		result = error_set(e, ERROR_SPEC, "a variable's value is not UTF-8");
	text_release(&out);
	return result;
}

int interpolate_json(json_t *value, struct error *e)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, item)
			if (interpolate_value(item, e))
				return error_at(e, "[%zu]", i);
		return 0;
	}
	json_object_foreach(value, key, item)
		if (interpolate_value(item, e))
			return error_at(e, "%s", key);
	return 0;
}
