/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_merge.h - options that stand for fields (option_fields.h), merged into a parsed app.json. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct error;
struct list;

/* Puts each of options ("memory=64m"; NULL: none) into root. Adds what each has set to ret_set ("resources.limits.memory=memory"). An
 * option that cannot be read is ERROR_USAGE; a wrong value is left to those who decode root. */
int option_merge(const struct list *options, json_t *root, struct list *ret_set, struct error *e);

/* The option that set a field or a part of it, by what option_merge has added; NULL: none did. Borrowed. */
const char *option_merged(const struct list *set, const char *field);
