/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c - JSON Schemas from tables.
 */
#include "specs/schema.h"

#include <jansson.h>

#include "base/text.h"
#include "specs/field.h"

static json_t *schema_of(const struct field *f);

json_t *schema_object(const struct field *table)
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
	schema = json_pack("{s:s, s:o, s:b, s:{s:{}}}", "type", "object", "properties", properties,
			   "additionalProperties", 0, "patternProperties", "^x-");
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

json_t *schema_any_of(json_t *first, json_t *second)
{
	return json_pack("{s:[o, o]}", "anyOf", first, second);
}

json_t *schema_typed(const char *type)
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
	json_t *schema = schema_typed("integer");

	if (f->min || f->max) {
		json_object_set_new(schema, "minimum", json_integer(f->min));
		if (f->max < INT64_MAX)
			json_object_set_new(schema, "maximum", json_integer(f->max));
	}
	return schema_any_of(schema, text_like("^-?[0-9]+$"));
}

static json_t *enum_schema(const struct field *f)
{
	json_t *names = json_array();

	for (size_t i = 0; f->names[i]; i++)
		json_array_append_new(names, json_string(f->names[i]));
	return json_pack("{s:o}", "enum", names);
}

static json_t *map_schema(const struct field *f)
{
	return schema_any_of(json_pack("{s:s, s:{s:[s, s, s, s]}}", "type", "object", "additionalProperties", "type",
				       "string", "number", "boolean", "object"),
			     json_pack("{s:s, s:{s:s, s:s}}", "type", "array", "items", "type", "string", "pattern",
				       f->expand ? "[=:]" : "="));
}

/* An object, or its short form. */
static json_t *texts_schema(const struct field *f)
{
	json_t *array = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");

	return f->expand ? schema_any_of(array, schema_typed("string")) : array;
}

static json_t *part_schema(const struct field *f)
{
	json_t *object = schema_object(f->sub);

	return f->expand ? schema_any_of(object, json_pack("{s:[s, s]}", "type", "string", "integer")) : object;
}

static json_t *map_of_parts_schema(const struct field *f)
{
	json_t *part = part_schema(f);
	bool has_names = f->flags & FIELD_NAMES, has_nulls = f->flags & (FIELD_NAMES | FIELD_EMPTY);
	json_t *map = json_pack("{s:s, s:o}", "type", "object", "additionalProperties",
				has_nulls ? schema_any_of(part, schema_typed("null")) : part);

	return has_names ? schema_any_of(json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string"), map) : map;
}

static json_t *schema_of(const struct field *f)
{
	switch (f->kind) {
	case FIELD_BOOL: return schema_typed("boolean");
	case FIELD_INTEGER: return integer_schema(f);
	case FIELD_UNSIGNED: return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case FIELD_FLAGS: return json_pack("{s:s, s:o}", "type", "array", "items", enum_schema(f));
	case FIELD_NUMBER_LIST: return json_pack("{s:s, s:o}", "type", "array", "items", integer_schema(f));
	case FIELD_SIZE:
		return schema_any_of(json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)f->min),
				     text_like("^[0-9]+(\\.[0-9]+)?([bkmgtBKMGT]([iI]?[bB])?)?$"));
	case FIELD_DURATION: return text_like("^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h))+$");
	case FIELD_CPUS:
		return schema_any_of(json_pack("{s:s, s:f}", "type", "number", "minimum", 0.01),
				     text_like("^[0-9]+(\\.[0-9]{1,6})?$"));
	case FIELD_MODE: return text_like("^[0-7]{1,5}$");
	case FIELD_ENUM: return schema_any_of(enum_schema(f), text_like("^$"));
	case FIELD_TEXT_LIST: return texts_schema(f);
	case FIELD_MAP: return map_schema(f);
	case FIELD_OBJECT: return part_schema(f);
	case FIELD_OBJECT_LIST: return json_pack("{s:s, s:o}", "type", "array", "items", part_schema(f));
	case FIELD_OBJECT_MAP: return map_of_parts_schema(f);
	case FIELD_OPAQUE: return json_object();
	case FIELD_UNSUPPORTED: return json_false(); /* no value is right */
	case FIELD_TEXT:
	case FIELD_PATH: break;
	}
	return schema_typed("string");
}
