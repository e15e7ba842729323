/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_json.h - the table engine on parsed JSON. Private to specs/.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct error;
struct field;

/* How box writes JSON. */
#define FIELD_DUMP_FLAGS (JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9))

/* The parsed text, refused where a key comes twice; name is for messages. NULL and e on failure. The caller decrefs it. */
json_t *field_parse(const char *text, size_t length, const char *name, struct error *e);

/* Decodes value into object. Errors carry the path in e->field, not yet a line. */
int field_decode(const struct field *table, json_t *value, void *object, struct error *e);

/* Sets "expected …, found …" at key (NULL: no step). */
int field_wrong(const char *key, const char *expected, json_t *found, struct error *e);

/* The known key that was probably meant, or NULL. */
const char *field_nearest(const struct field *table, const char *key);

/* The object as JSON; a new reference. */
json_t *field_build(const struct field *table, const void *object);

/* Puts "name:LINE: field: " in front of the text of e, which has a field, and forgets the field. text is what was parsed. */
void field_locate(const char *text, size_t length, const char *name, struct error *e);
