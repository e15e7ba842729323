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
#include "specs/schema.h"
#include "specs/stack_fields.h"

static json_t *map_of(const struct field *table)
{
	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", schema_object(table));
}

/* One with nothing in it may be null, as in YAML: "volumes": {"data": null}. */
static json_t *map_of_or_null(const struct field *table)
{
	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", schema_any_of(schema_object(table), schema_typed("null")));
}

/* What the tables do not say, because other code reads it. */
static void add_opaque(json_t *app)
{
	json_t *properties = json_object_get(app, "properties");
	json_t *names = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");

	json_object_set_new(json_object_get(properties, "$schema"), "type", json_string("string"));
	json_object_update_new(json_object_get(properties, "oci"), schema_object(oci_block_fields));
	json_object_update_new(json_object_get(properties, "overrides"),
			       json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "object"));
	json_object_update_new(json_object_get(properties, "depends_on"), schema_any_of(names, map_of(dependency_fields)));
}

/* Several apps in one file. */
static json_t *file_schema(void)
{
	json_t *named = json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "object");
	json_t *schema = json_pack("{s:s, s:{s:o, s:o, s:{s:s, s:{s:s}}, s:o, s:o, s:O, s:O}, s:b, s:{s:{}}}", "type", "object", "properties",
				   "$schema", schema_typed("string"), "name", schema_typed("string"), "services", "type", "object",
				   "additionalProperties", "$ref", "#/definitions/app", "networks", map_of_or_null(stack_network_fields),
				   "volumes", map_of_or_null(stack_volume_fields),
				   "secrets", named, "overrides", named, "additionalProperties", 0, "patternProperties", "^x-");

	json_decref(named);
	return schema;
}

void app_schema(struct text *ret)
{
	json_t *app = schema_object(app_table), *schema;

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
