/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.h - JSON built by hand: for logs and answers that are simple enough.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct list;
struct text;

/* Adds a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void json_add_text(struct text *ret, const char *value);

/* Adds JSON as a terminal may have it: control characters of more than one byte and DEL, which only strings have, become \u009b and so on,
 * which means the same. */
void json_add_shown(struct text *ret, const char *json, size_t length);

/* Adds a comma unless an object or array just began, then the key with its colon. */
void json_add_key(struct text *ret, const char *key);

/* "key":"value", and nothing at all for NULL. */
void json_add_member(struct text *ret, const char *key, const char *value);

/* ["value",…] */
void json_add_array(struct text *ret, const struct list *list);

/* "key":value */
void json_add_number(struct text *ret, const char *key, uint64_t value);

/* The same, and nothing at all for 0. */
void json_add_nonzero(struct text *ret, const char *key, uint64_t value);
