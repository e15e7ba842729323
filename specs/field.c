/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.c - the table engine's frame: parsing, nearest names, release.
 */
#include "specs/field.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"
#include "specs/locate.h"

enum { NAME_LIMIT = 48, NEAR = 3 };

json_t *field_parse(const char *text, size_t length, const char *name, struct error *e)
{
	json_error_t where;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);

	if (!value)
		error_set(e, ERROR_SPEC, "%s:%d: %s", name, where.line > 0 ? where.line : 1, where.text);
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

/* Edits (insert, remove, replace) between two short names, in one row of the usual matrix. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_LIMIT + 1], length = strlen(b);

	if (strlen(a) > NAME_LIMIT || length > NAME_LIMIT)
		return NAME_LIMIT;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t best = corner + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

const char *field_nearest(const struct field *table, const char *key)
{
	/* What other tools call the same thing (interface.md). */
	static const char *const aliases[][2] = {
		{ "env", "environment" },   { "cmd", "command" },          { "args", "command" },
		{ "cwd", "working_dir" },   { "workdir", "working_dir" },  { "workingDir", "working_dir" },
		{ "mounts", "volumes" },    { "destination", "target" },   { "mem_limit", "resources" },
		{ "memory", "resources" },  { "cpus", "resources" },       { "pids_limit", "resources" },
		{ "deploy", "resources" },  { "readonly", "read_only" },   { "capAdd", "cap_add" },
		{ "capDrop", "cap_drop" },  { "kill_timeout", "stop_grace_period" }, { "containerEnv", "environment" },
	};
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		for (const struct field *f = table; f->key && strcmp(aliases[i][0], key) == 0; f++)
			if (strcmp(f->key, aliases[i][1]) == 0)
				return f->key;
	for (const struct field *f = table; f->key; f++) {
		size_t edits = distance(key, f->key);

		if (edits < least && edits * 2 <= strlen(f->key)) {
			least = edits;
			nearest = f->key;
		}
	}
	return nearest;
}

static void release_items(const struct field *f, char *object)
{
	size_t *count = (size_t *)(void *)(object + f->count_offset);
	char *items;

	memcpy(&items, object + f->offset, sizeof items);
	for (size_t i = 0; items && i < *count; i++)
		field_release(f->sub, items + i * f->size);
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
		case FIELD_MAP:
			list_release((struct list *)(void *)place);
			break;
		case FIELD_OBJECT:
			field_release(f->sub, place);
			break;
		case FIELD_OBJECT_LIST:
			release_items(f, object);
			break;
		default:
			break;
		}
	}
}
