/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - growable text and lists of texts.
 *
 * Both are valid when zeroed, own what they hold, and end with x_release (twice is harmless). text.data is
 * NULL while nothing was added, else always ended by a zero byte. list.items is NULL while empty, else ended
 * by a NULL pointer, so that it serves as argv and environ.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;
	size_t length;
	size_t capacity;
};

void text_release(struct text *text);
void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for more bytes behind the content: read into what is returned, then text_grow by what came. */
char *text_reserve(struct text *text, size_t more);
void text_grow(struct text *text, size_t more);

/* Forgets the content, keeps the memory. */
void text_clear(struct text *text);

/* Gives the content away (never NULL; "" where nothing was added); text is empty afterwards. */
char *text_take(struct text *text);

/* Length of the well-formed UTF-8 character that bytes begin with (1 to 4), of left bytes (at least one); 0 where there is none:
 * overlong forms and surrogates are none. */
size_t utf8_length(const unsigned char *bytes, size_t left);

/* Whether a well-formed character of more than one byte is none that shows itself: it steers a terminal, or the direction of text. */
bool utf8_is_control(const unsigned char *bytes);

/* Adds bytes with everything outside printable ASCII and UTF-8 letters written as \n, \t, \x1b and so on, so that
 * what an image or an app wrote cannot steer a terminal. */
void text_add_escaped(struct text *text, const char *bytes, size_t length);

/* A new string from a format; the caller frees it. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2), malloc));

struct list {
	char **items;
	size_t count;
};

void list_release(struct list *list);
void list_add(struct list *list, const char *item);       /* copies */
void list_take(struct list *list, char *item);            /* keeps the given pointer */
void list_addf(struct list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void list_copy(struct list *to, const struct list *from); /* to is released first */
bool list_has(const struct list *list, const char *item);
void list_sort(struct list *list);                        /* in the order of strcmp */

/* Environment lists ("KEY=value"): the value of key, NULL without one; and set or replace. */
const char *list_env_get(const struct list *list, const char *key);
void list_env_set(struct list *list, const char *key, const char *value);

/* The same from "KEY=value". False, and nothing set, where item has no "=" or no key. */
bool list_env_put(struct list *list, const char *item);

bool text_starts(const char *text, const char *start);
bool text_ends(const char *text, const char *end);
bool text_equal(const char *a, const char *b); /* NULL equals only NULL */

/* Edits (insert, remove, replace one character, whatever its case) between two short names; 60 where one is longer than that. */
size_t text_distance(const char *a, const char *b);

/* FNV-1a: spreads texts that nobody chooses with evil intent. The same on every machine and in every version. */
uint32_t text_hash(const char *text);
