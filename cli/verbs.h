/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs.h - a command that is a group of verbs on named objects: box volume, box network.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct call;
struct error;
struct list;
struct option_row;
struct places;
struct text;

/* options: what the group's option rows have filled in. What is to be printed is added to ret, before a failure, too. */
typedef int verb_act(const struct call *call, const void *options, const struct list *names, struct text *ret, struct error *e);

struct verb {
	const char *name, *operands;
	size_t least, most; /* of them */
	verb_act *act;
	enum { VERB_CHANGES, VERB_TELLS } kind; /* VERB_TELLS: what there is; it leaves no record in the audit trail */
};

/* Parses the command's words, does the verb, and prints. A table of verbs ends with an empty one. Returns the exit code. */
int verbs_run(const struct call *call, const struct option_row *rows, const struct verb *verbs, void *options);

/* "ls": how one kind of object is told. */
struct verb_listing {
	const char *const *heads;
	size_t columns, size; /* of a row, and of an object in bytes */
	const char *(*name)(const void *object);
	void (*add_cells)(const void *object, struct list *cells);
	void (*add_members)(const void *object, struct text *ret); /* of a JSON object */
};
struct verb_list_options {
	const char *format; /* "table", "json" or NULL */
	bool quiet, no_trunc; /* names alone; whole words, whatever the terminal's width */
};
int verb_list_check(const struct verb_list_options *options, struct error *e);
void verb_list(const struct verb_listing *listing, const struct verb_list_options *options, const void *objects, size_t count,
	       struct text *ret);

/* "rm": calls remove for each name. One that cannot be removed does not keep the others; the last error is the one that is left for the
 * caller. is_forced: one that does not exist is fine. */
int verb_remove(const struct call *call, const struct list *names, bool is_forced,
		int (*remove)(const struct places *places, const char *name, struct error *e), struct text *ret, struct error *e);

/* "inspect": an array of what inspect adds for each name, as JSON. what: for messages. */
int verb_inspect(const struct call *call, const struct list *names, const char *what,
		 int (*inspect)(const struct places *places, const char *name, struct text *ret, struct error *e), struct text *ret,
		 struct error *e);
