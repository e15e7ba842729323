/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_keys.h - the values of a seccomp profile, by key. Private to specs/.
 *
 * A profile's rows need their own code for nearly each value, so that its tables hold functions, not places as struct field does. All
 * return 0, or -1 with the place in e->field.
 */
#pragma once

#include <jansson.h>

struct error;
struct list;
struct word;

struct key {
	const char *name; /* NULL ends the table */
	int (*decode)(json_t *value, void *object, struct error *e); /* NULL: known, and of no meaning */
};

/* Sets "expected …, found an array". */
int key_wrong(const json_t *value, const char *expected, struct error *e);

/* Each key of the object by its row; a key without a row is an error, null is absent. */
int key_object(json_t *object, const struct key *keys, void *target, struct error *e);

/* The text inside value, which keeps it. */
int key_text(json_t *value, const char **ret, struct error *e);

/* An array of texts; ret is released first. */
int key_list(json_t *value, struct list *ret, struct error *e);

/* One of the words (seccomp_words.h); what says what they are, for messages. */
int key_word(json_t *value, const struct word *words, const char *what, int *ret, struct error *e);

/* A whole number from 0 to max. */
int key_number(json_t *value, json_int_t max, json_int_t *ret, struct error *e);
