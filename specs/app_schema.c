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

static json_t *schema_of(const struct field *f);

static json_t *object_schema(const struct field *table)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema;

	for (const struct field *f = table; f->key; f++) {
		json_t *property = schema_of(f);

		json_object_set_new(property, "description", json_string(f->help));
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

static json_t *integer_schema(const struct field *f)
{
	json_t *schema = typed("integer");

	if (f->min || f->max) {
		json_object_set_new(schema, "minimum", json_integer(f->min));
		json_object_set_new(schema, "maximum", json_integer(f->max));
	}
	return schema;
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

static json_t *schema_of(const struct field *f)
{
	switch (f->kind) {
	case FIELD_BOOL:
		return typed("boolean");
	case FIELD_INTEGER:
		return integer_schema(f);
	case FIELD_SIZE:
		return any_of(json_pack("{s:s, s:i}", "type", "integer", "minimum", 0),
			      json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]+(\\.[0-9]+)?([bkmgtBKMGT]([iI]?[bB])?)?$"));
	case FIELD_DURATION:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h))+$");
	case FIELD_CPUS:
		return any_of(typed("number"), json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9.]+$"));
	case FIELD_MODE:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-7]{1,5}$");
	case FIELD_ENUM:
		return enum_schema(f);
	case FIELD_TEXT_LIST:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	case FIELD_MAP:
		return map_schema();
	case FIELD_OBJECT:
		return object_schema(f->sub);
	case FIELD_OBJECT_LIST:
		return json_pack("{s:s, s:o}", "type", "array", "items", any_of(object_schema(f->sub), typed("string")));
	case FIELD_TEXT:
	case FIELD_PATH:
	case FIELD_UNSUPPORTED:
	case FIELD_OPAQUE:
		break;
	}
	return typed("string");
}

void app_schema(struct text *ret)
{
	json_t *schema = object_schema(app_table);
	json_t *properties = json_object_get(schema, "properties");
	char *json;

	json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string("app.json: one app as box runs it"));
	json_object_set_new(properties, "$schema", typed("string"));
	json_object_set_new(properties, "overrides",
			    json_pack("{s:s, s:{s:s}, s:s}", "type", "object", "additionalProperties", "type", "object", "description",
				      "Named JSON Merge Patches (RFC 7386), chosen with --override NAME."));
	json_object_set_new(properties, "oci",
			    json_pack("{s:s, s:s}", "type", "object", "description", "A raw runtime-spec fragment, merged last."));
	json = json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
	text_add(ret, json ? json : "{}");
	text_add_char(ret, '\n');
	free(json);
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
