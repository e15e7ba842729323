/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.c - the table engine's frame: parsing and release.
 */
#include "specs/field.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/limits.h"
#include "specs/locate.h"

enum { NEAR_SHOWN = 60 };

size_t field_depth(const char *text, size_t length)
{
	size_t depth = 0, deepest = 0;
	bool is_text = false;

	for (size_t i = 0; i < length; i++) {
		if (is_text && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			is_text = !is_text;
		else if (!is_text && (text[i] == '{' || text[i] == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!is_text && (text[i] == '}' || text[i] == ']') && depth)
			depth--;
	}
	return deepest;
}

/* jansson's words about a syntax error, in ours where they are known. */
static void explain_syntax(const json_error_t *where, const char *name, struct error *e)
{
	const char *near = strstr(where->text, " near ");
	autorelease(text) struct text shown = { 0 };
	int line = where->line > 0 ? where->line : 1;

	text_add_escaped(&shown, where->text, strlen(where->text));
	if (text_ends(name, ".yml") || text_ends(name, ".yaml")) {
		error_set(e, ERROR_SPEC, "%s: this is YAML, and box reads JSON", name);
		error_hint(e, "most words of \"services\" are the same: yq . %s > app.json (Debian's yq; Go's: yq -o json 'explode(.)'), and box check "
			   "app.json names the others", name);
		return;
	}
	if (json_error_code(where) == json_error_duplicate_key && near) {
		near += strlen(" near '");
		text_clear(&shown);
		text_add_escaped(&shown, near, strlen(near) - (*near ? 1 : 0));
		error_set(e, ERROR_SPEC, "%s:%d: the key %.*s comes twice in one object", name, line, NEAR_SHOWN, shown.data);
	} else if (json_error_code(where) == json_error_null_character) {
		error_set(e, ERROR_SPEC, "%s:%d: a text holds a zero byte (\\u0000)", name, line);
	} else {
		error_set(e, ERROR_SPEC, "%s:%d: not JSON, column %d: %s", name, line, where->column > 0 ? where->column : 1, shown.data);
	}
}

/* Jansson's hash tables, against keys that were chosen to collide. The first time counts; by itself it would open a file for it. */
static void seed_tables(void)
{
	size_t seed = 0;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		json_object_seed(seed);
}

json_t *field_parse(const char *text, size_t length, const char *name, struct error *e)
{
	json_error_t where;
	json_t *value;

	/* Code below walks values by recursion. */
	if (field_depth(text, length) > FIELD_DEPTH) {
		error_set(e, ERROR_SPEC, "%s: nested deeper than %d levels", name, FIELD_DEPTH);
		return NULL;
	}
	seed_tables();
	value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!value)
		explain_syntax(&where, name, e);
	return value;
}

void field_locate(const char *text, size_t length, const char *name, struct error *e)
{
	int line = locate_line(text, length, e->field);
	char field[sizeof e->field];

	memcpy(field, e->field, sizeof field);
	e->field[0] = '\0';
	if (field[0])
		error_in(e, "%s", field);
	if (line > 0)
		error_in(e, "%s:%d", name, line);
	else
		error_in(e, "%s", name);
}

int field_decode_text(const char *json, size_t length, const char *name, const struct field *table, void *object,
		      struct error *e)
{
	json_t *value = field_parse(json, length, name, e);
	int result;

	if (!value)
		return -1;
	result = field_decode(table, value, object, e);
	if (result)
		field_locate(json, length, name, e);
	json_decref(value);
	return result;
}

/* Whether the digits are more than INT64_MAX. */
static bool is_large(const char *digits, size_t count)
{
	static const char largest[] = "9223372036854775807";

	return (count > strlen(largest) && digits[0] != '0') || (count == strlen(largest) && memcmp(digits, largest, count) > 0);
}

static bool is_of_number(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

/* text with each whole number above INT64_MAX in quotes. Lines stay as they are. */
static void quote_large(const char *text, size_t length, struct text *ret)
{
	bool is_text = false;

	for (size_t i = 0, count; i < length; i += count) {
		bool is_number = !is_text && text[i] >= '0' && text[i] <= '9';

		count = 1;
		if (is_text && text[i] == '\\' && i + 1 < length)
			count = 2;
		else if (text[i] == '"')
			is_text = !is_text;
		while (is_number && i + count < length && is_of_number(text[i + count]))
			count++;
		/* A sign, a fraction or an exponent makes it something else, and jansson's business. */
		is_number = is_number && !(i && text[i - 1] == '-') && is_large(text + i, count);
		for (size_t k = 0; is_number && k < count; k++)
			is_number = text[i + k] >= '0' && text[i + k] <= '9';
		text_add(ret, is_number ? "\"" : "");
		text_add_bytes(ret, text + i, count);
		text_add(ret, is_number ? "\"" : "");
	}
}

json_t *field_parse_wide(const char *text, size_t length, const char *name, struct error *e)
{
	autorelease(text) struct text quoted = { 0 };
	struct error first = { 0 };
	json_t *value = field_parse(text, length, name, &first);

	/* Nearly no document has such a number: only one that cannot be read is looked at again. */
	if (!value && first.kind == ERROR_SPEC && field_depth(text, length) <= FIELD_DEPTH) {
		quote_large(text, length, &quoted);
		value = field_parse(quoted.data ? quoted.data : "", quoted.length, name, &first);
	}
	if (!value)
		*e = first;
	return value;
}

void field_init(const struct field *table, void *object)
{
	for (const struct field *f = table; f->key; f++) {
		char *place = (char *)object + f->offset;

		if (f->kind == FIELD_OBJECT)
			field_init(f->sub, place);
		else if (f->flags & FIELD_UNSET && f->kind == FIELD_BOOL)
			*(bool *)(void *)place = true;
		else if (f->flags & FIELD_UNSET)
			*(int64_t *)(void *)place = LIMIT_UNSET;
	}
}

static void release_items(const struct field *f, char *object)
{
	size_t *count = (size_t *)(void *)(object + f->count_offset);
	char *items;

	memcpy(&items, object + f->offset, sizeof items);
	for (size_t i = 0; items && i < *count; i++) {
		field_release(f->sub, items + i * f->size);
		if (f->kind == FIELD_OBJECT_MAP)
			free(*(char **)(void *)(items + i * f->size));
	}
	free(items);
	items = NULL;
	memcpy(object + f->offset, &items, sizeof items);
	*count = 0;
}

void field_release(const struct field *table, void *object)
{
	for (const struct field *f = table; f->key; f++) {
		char *place = (char *)object + f->offset;

		switch (f->kind) {
		case FIELD_TEXT:
		case FIELD_PATH:
			free(*(char **)(void *)place);
			*(char **)(void *)place = NULL;
			break;
		case FIELD_TEXT_LIST:
		case FIELD_NUMBER_LIST:
		case FIELD_MAP:
			list_release((struct list *)(void *)place);
			break;
		case FIELD_OBJECT:
			field_release(f->sub, place);
			break;
		case FIELD_OBJECT_LIST:
		case FIELD_OBJECT_MAP:
			release_items(f, object);
			break;
		default:
			break;
		}
	}
}
