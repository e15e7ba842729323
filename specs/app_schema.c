/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_schema.c - the JSON Schema of app.json and its reference page, from the tables.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/field_json.h"
#include "specs/oci_block.h"

static json_t *schema_of(const struct field *f);

static json_t *object_schema(const struct field *table)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema;

	for (const struct field *f = table; f->key; f++) {
		json_t *property = schema_of(f);

		if (f->help && json_is_object(property))
			json_object_set_new(property, "description", json_string(f->help));
		if (f->pattern)
			json_object_set_new(property, "pattern", json_string(f->pattern));
		json_object_set_new(properties, f->key, property);
		if (f->flags & FIELD_REQUIRED)
			json_array_append_new(required, json_string(f->key));
	}
	schema = json_pack("{s:s, s:o, s:b, s:{s:{}}}", "type", "object", "properties", properties, "additionalProperties", 0,
			   "patternProperties", "^x-");
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static json_t *any_of(json_t *first, json_t *second)
{
	return json_pack("{s:[o, o]}", "anyOf", first, second);
}

static json_t *typed(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

/* A text of the given form; variables are replaced before it is looked at. */
static json_t *text_like(const char *pattern)
{
	struct text either = { 0 };
	json_t *schema;

	text_addf(&either, "(%s)|\\$\\{", pattern);
	schema = json_pack("{s:s, s:s}", "type", "string", "pattern", either.data);
	text_release(&either);
	return schema;
}

/* A number; or its digits, or what becomes digits: "${WORKERS:-4}". */
static json_t *integer_schema(const struct field *f)
{
	json_t *schema = typed("integer");

	if (f->min || f->max) {
		json_object_set_new(schema, "minimum", json_integer(f->min));
		if (f->max < INT64_MAX)
			json_object_set_new(schema, "maximum", json_integer(f->max));
	}
	return any_of(schema, text_like("^-?[0-9]+$"));
}

static json_t *enum_schema(const struct field *f)
{
	json_t *names = json_array();

	for (size_t i = 0; f->names[i]; i++)
		json_array_append_new(names, json_string(f->names[i]));
	return json_pack("{s:o}", "enum", names);
}

static json_t *map_schema(void)
{
	return any_of(json_pack("{s:s, s:{s:[s, s, s, s]}}", "type", "object", "additionalProperties", "type", "string", "number",
				"boolean", "object"),
		      json_pack("{s:s, s:{s:s, s:s}}", "type", "array", "items", "type", "string", "pattern", "="));
}

/* An object, or its short form. */
static json_t *part_schema(const struct field *f)
{
	json_t *object = object_schema(f->sub);

	return f->expand ? any_of(object, json_pack("{s:[s, s]}", "type", "string", "integer")) : object;
}

static json_t *schema_of(const struct field *f)
{
	switch (f->kind) {
	case FIELD_BOOL:
		return typed("boolean");
	case FIELD_INTEGER:
		return integer_schema(f);
	case FIELD_UNSIGNED:
		return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case FIELD_FLAGS:
		return json_pack("{s:s, s:o}", "type", "array", "items", enum_schema(f));
	case FIELD_NUMBER_LIST:
		return json_pack("{s:s, s:o}", "type", "array", "items", integer_schema(f));
	case FIELD_SIZE:
		return any_of(json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)f->min),
			      text_like("^[0-9]+(\\.[0-9]+)?([bkmgtBKMGT]([iI]?[bB])?)?$"));
	case FIELD_DURATION:
		return text_like("^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h))+$");
	case FIELD_CPUS:
		return any_of(json_pack("{s:s, s:f}", "type", "number", "minimum", 0.01), text_like("^[0-9]+(\\.[0-9]{1,6})?$"));
	case FIELD_MODE:
		return text_like("^[0-7]{1,5}$");
	case FIELD_ENUM:
		return any_of(enum_schema(f), text_like("^$"));
	case FIELD_TEXT_LIST:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	case FIELD_MAP:
		return map_schema();
	case FIELD_OBJECT:
		return part_schema(f);
	case FIELD_OBJECT_LIST:
		return json_pack("{s:s, s:o}", "type", "array", "items", part_schema(f));
	case FIELD_OBJECT_MAP:
		return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", part_schema(f));
	case FIELD_OPAQUE:
		return json_object();
	case FIELD_UNSUPPORTED:
		return json_false(); /* no value is right */
	case FIELD_TEXT:
	case FIELD_PATH:
		break;
	}
	return typed("string");
}

/* What the tables do not say, because other code reads it. */
static void add_opaque(json_t *app)
{
	json_t *properties = json_object_get(app, "properties");
	json_t *names = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");

	json_object_set_new(json_object_get(properties, "$schema"), "type", json_string("string"));
	json_object_update_new(json_object_get(properties, "oci"), object_schema(oci_block_fields));
	json_object_update_new(json_object_get(properties, "overrides"),
			       json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "object"));
	json_object_update_new(json_object_get(properties, "depends_on"), any_of(names, typed("object")));
}

/* Several apps in one file. */
static json_t *file_schema(void)
{
	json_t *named = json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "object");
	json_t *schema = json_pack("{s:s, s:{s:o, s:o, s:{s:s, s:{s:s}}, s:O, s:O, s:O, s:O}, s:b, s:{s:{}}}", "type", "object", "properties",
				   "$schema", typed("string"), "name", typed("string"), "services", "type", "object",
				   "additionalProperties", "$ref", "#/definitions/app", "networks", named, "volumes", named, "secrets",
				   named, "overrides", named, "additionalProperties", 0, "patternProperties", "^x-");

	json_decref(named);
	return schema;
}

void app_schema(struct text *ret)
{
	json_t *app = object_schema(app_table), *schema;

	add_opaque(app);
	/* Draft 7, which every editor knows; if-then-else completes the right one of both forms. */
	schema = json_pack("{s:s, s:s, s:b, s:{s:[s]}, s:{s:s}, s:{s:s}, s:{s:o, s:o}}", "$schema", "http://json-schema.org/draft-07/schema#",
			   "title", "app.json: apps as box runs them", "allowTrailingCommas", 1, "if", "required", "services", "then",
			   "$ref", "#/definitions/file", "else", "$ref", "#/definitions/app", "definitions", "app", app, "file",
			   file_schema());
	field_print(schema, ret);
	json_decref(schema);
}

static void list_fields(const struct field *table, const char *prefix, struct text *ret)
{
	for (const struct field *f = table; f->key; f++) {
		char *path = text_format("%s%s%s", prefix, f->key, f->kind == FIELD_OBJECT_LIST ? "[]" : "");

		text_addf(ret, "%-40s %s\n", path, f->help);
		if (f->sub) {
			char *below = text_format("%s.", path);

			list_fields(f->sub, below, ret);
			free(below);
		}
		free(path);
	}
}

void app_field_list(struct text *ret)
{
	list_fields(app_table, "", ret);
}
