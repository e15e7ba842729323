/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - tables of options: one loop reads the command line by them, and --help and the manual print them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct error;

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char *: borrowed from argv */
	OPTION_WORD, /* as OPTION_TEXT, but in the same word alone: --pull=never. "true" where there is none */
	OPTION_LIST, /* struct list: may be given several times */
	OPTION_SECRET, /* as OPTION_TEXT; no record has the value */
	OPTION_VARIABLES, /* as OPTION_LIST, of "KEY=VALUE"; no record has the values */
	OPTION_FIELD, /* as OPTION_LIST, for "name=VALUE"; a flag where there is no argument: "name=true" */
	OPTION_ELSEWHERE, /* another tool's: refused, help says where it is written here; not listed by --help */
};

/* A table ends with a row without a name. */
struct option_row {
	char letter;      /* 0: none */
	const char *name; /* without "--"; OPTION_ELSEWHERE: "-t" where it has no other than its letter */
	enum option_kind kind;
	size_t offset;    /* into the command's struct of options */
	const char *argument; /* "FILE", for help; NULL for flags */
	const char *help;
};

enum operand_rule {
	OPERANDS_ANYWHERE, /* options may stand between and behind operands, up to "--" */
	OPERANDS_FIRST,    /* what stands behind the first operand is not read, and goes to after: box exec NAME COMMAND… */
};

/* Reads argv (without the command's name) into object; what is no option goes to operands. after: what stands
 * behind "--" (NULL: operands too). A flag may be written --flag=true or --flag=false, as docker's users do. */
int options_parse(const struct option_row *table, enum operand_rule rule, char *const *argv, void *object, struct list *operands,
		  struct list *after, struct error *e);

/* Whether a row takes no value. */
bool option_is_flag(const struct option_row *row);

/* Whether value (NULL: nobody said) is one of words, which NULL ends; else an error about the option of that name. */
int options_one_of(const char *option, const char *value, const char *const *words, struct error *e);

/* Adds a line of help per row. */
void options_help(const struct option_row *table, struct text *ret);

/* The name in names (ended by NULL) that was probably meant, or NULL. */
const char *options_nearest(const char *const *names, size_t count, const char *word);
