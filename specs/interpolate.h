/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpolate.h - ${VARIABLES} in the texts of a spec. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct error;
struct place;
struct problems;
struct text;

/* Adds text with ${NAME}, ${NAME:-default}, ${NAME:?message} and $$ replaced from the caller's environment. A variable without a value and
 * without a default is an error. A default may have variables of its own: ${A:-${B:-c}}. A lone "$" stays. */
int interpolate_text(const char *text, struct text *ret, struct error *e);

/* Does it to every text value (not to keys, and not below "x-" keys) of a JSON tree at a place, in place. */
int interpolate_json(json_t *value, const struct place *at, struct problems *p);

/* The inverse, for JSON that is printed: in every text value, a "$" that would begin a variable or a "$$" is written as "$$". */
void interpolate_escape(json_t *value);
