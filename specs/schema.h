/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - JSON Schemas from tables. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct field;

/* All of these are new references. */

/* The schema of an object that the table decodes. */
json_t *schema_object(const struct field *table);

/* One of two schemas, whose references are taken. */
json_t *schema_any_of(json_t *first, json_t *second);

/* {"type": type} */
json_t *schema_typed(const char *type);
