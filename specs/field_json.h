/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_json.h - the table engine on parsed JSON. Private to specs/.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct field;
struct problems;
struct text;

/* Where in the document the walk is: a list on the C stack, from the leaf up, rendered only for an error. */
struct place {
	const struct place *up; /* NULL: the document itself */
	const char *key;        /* NULL: an item of an array */
	size_t index;
};

enum { FIELD_DEPTH = 64 }; /* levels of { and [ in anything that field_parse takes */

/* The parsed text, refused where a key comes twice or where it is nested too deep; name is for messages. NULL and e on failure. The
 * caller decrefs it. */
json_t *field_parse(const char *text, size_t length, const char *name, struct error *e);

/* The same, for documents with unsigned 64-bit numbers, which jansson does not have: whole numbers that do not fit in 63 bits become
 * texts of their digits, which FIELD_UNSIGNED takes and the other kinds refuse as out of range. */
json_t *field_parse_wide(const char *text, size_t length, const char *name, struct error *e);

/* Levels of { and [ in a text that may be anything. */
size_t field_depth(const char *text, size_t length);

/* Decodes value into object. Errors carry the path in e->field, not yet a line. */
int field_decode(const struct field *table, json_t *value, void *object, struct error *e);

/* The same; the problems decide whether it goes on after an error. */
int field_decode_all(const struct field *table, json_t *value, void *object, struct problems *p);

/* Sets "expected …, found …" at key (NULL: no step). */
int field_wrong(const char *key, const char *expected, json_t *found, struct error *e);

/* Tells a problem at a place: the text that e holds already; or "expected …, found …". As problems_add. */
int field_problem(struct problems *p, const struct place *at);
int field_expected(struct problems *p, const struct place *at, const char *expected, json_t *found);

/* The known key that was probably meant, or NULL. */
const char *field_nearest(const struct field *table, const char *key);

/* compose_words.c. What does here what a key of Compose's does that this table does not have; NULL: no such key. */
const char *field_elsewhere(const struct field *table, const char *key);
/* Behind field_wrong: hints at what to write, where the value is one of Compose's or what YAML makes of one. */
void field_hint_value(const struct field *f, json_t *found, struct error *e);

/* A new reference to text; bytes that are no UTF-8 become U+FFFD. */
json_t *field_text(const char *text);

/* The object as JSON; a new reference. */
json_t *field_build(const struct field *table, const void *object);

/* Adds value as indented JSON and a line end. */
void field_print(const json_t *value, struct text *ret);

/* Puts "name:LINE: field: " in front of the text of e, which has a field, and forgets the field. text is what was parsed. */
void field_locate(const char *text, size_t length, const char *name, struct error *e);

/* field_values.c: one value without parts into its place. expected is filled where that is not possible: -1. */
int field_decode_scalar(const struct field *f, json_t *value, void *place, struct text *expected);
