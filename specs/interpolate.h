/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpolate.h - ${VARIABLES} in the texts of a spec. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct error;
struct text;

/* Adds text with ${NAME}, ${NAME:-default}, ${NAME:?message} and $$ replaced from the caller's environment. A
 * variable without a value and without a default is an error. A lone "$" stays. */
int interpolate_text(const char *text, struct text *ret, struct error *e);

/* Does it to every text value (not to keys) of a JSON tree, in place. The error carries the path. */
int interpolate_json(json_t *value, struct error *e);
