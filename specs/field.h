/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - tables that say how a JSON object becomes a C struct, and back.
 *
 * One row per key. The same table decodes, checks, releases, prints (box config, state files) and documents
 * (JSON Schema, box spec --fields). A table ends with a row without a key.
 *
 *     static const struct field volume_fields[] = {
 *             { "source", FIELD_TEXT, offsetof(struct volume, source), .help = "…" },
 *             { 0 },
 *     };
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct json_t;
struct text;

enum field_kind {
	FIELD_TEXT,        /* char * */
	FIELD_PATH,        /* char *: an absolute path without ".." */
	FIELD_BOOL,        /* bool */
	FIELD_INTEGER,     /* int64_t, between min and max (both 0: any): a number, or its digits as a text (what ${VARIABLES} become) */
	FIELD_UNSIGNED,    /* uint64_t, up to 2^64 - 1: a number, or its digits as a text (see field_parse_wide) */
	FIELD_SIZE,        /* int64_t bytes, at least min: a number, or a text such as "512m" */
	FIELD_DURATION,    /* int64_t microseconds, at least min: "1m30s" */
	FIELD_CPUS,        /* int64_t millionths of a cpu: 1.5 or "1.5" */
	FIELD_MODE,        /* mode_t: an octal text */
	FIELD_ENUM,        /* int: the index of one of names[], plus min (less than min: nobody said) */
	FIELD_FLAGS,       /* uint64_t: an array of some of names[]; bit n stands for names[n] */
	FIELD_NUMBER_LIST, /* struct list: an array of whole numbers between min and max, kept as their digits */
	FIELD_TEXT_LIST,   /* struct list: an array of texts */
	FIELD_MAP,         /* struct list of "key=value": an object of texts, numbers and booleans (or an array of "key=value") */
	FIELD_OBJECT,      /* a struct in place, by sub */
	FIELD_OBJECT_LIST, /* array of structs: T *items at offset, size_t at count_offset, by sub and size */
	FIELD_OBJECT_MAP,  /* the same from an object of objects; each struct begins with a char * that gets the key */
	FIELD_UNSUPPORTED, /* known and refused; help says why */
	FIELD_OPAQUE,      /* known, and read by other code than the table's: no place in the struct */
};

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_HIDDEN = 1 << 1, /* not printed by dump (secrets) */
	FIELD_OPEN = 1 << 2,   /* on a table's first row: keys that no row knows, and nulls, are ignored, not errors (image manifests) */
	FIELD_NULLS = 1 << 3, /* on a table's first row: null counts as absent, which is how Go programs write empty lists */
	FIELD_SPARSE = 1 << 5, /* an empty list is not printed: nobody wrote it */
	FIELD_NAMES = 1 << 6, /* an OBJECT_MAP: an array of its keys stands for it, too, and null for an object with nothing in it */
	FIELD_EMPTY = 1 << 7, /* an OBJECT_MAP: null stands for an object with nothing in it */
	FIELD_CHECK = 1 << 8, /* a TEXT_LIST: what to execute behind "CMD" or "CMD-SHELL"; for hints alone */
	FIELD_VARIABLES = 1 << 9, /* a MAP: of environment variables; likewise */
	FIELD_UNSET = 1 << 4, /* an INTEGER that nobody wrote is LIMIT_UNSET (see field_init), not 0; a BOOL is true */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	unsigned flags;
	int64_t min, max;
	const char *const *names; /* FIELD_ENUM, FIELD_FLAGS: values by index, ended by NULL */
	const struct field *sub;
	size_t size;         /* of one item of an OBJECT_LIST or OBJECT_MAP */
	size_t count_offset; /* likewise */
	const char *help;    /* one sentence: meaning, unit, default */
	const char *pattern; /* a TEXT's form, for the JSON Schema alone; C code checks it by itself */
	/* The short form of an OBJECT or of the items of an OBJECT_LIST: the object that a text (or a number's digits) stands
	 * for, as a new reference; NULL and e where it is none. Of a TEXT_LIST: the array that a text stands for. Of a MAP that is
	 * an array: "KEY=value" for what stands there. */
	struct json_t *(*expand)(const char *text, struct error *e);
	/* The long form of a MAP's value: the text that an object stands for, freed by the caller; NULL and e where it is none. */
	char *(*fold)(struct json_t *object, struct error *e);
};

/* Gives LIMIT_UNSET, or true, to each row with FIELD_UNSET, also in objects in place. Items of lists get it when they are made. */
void field_init(const struct field *table, void *object);

/* Strict JSON text into object (zeroed or defaulted by the caller), by table. name is the file, for messages, which carry its
 * line ("app.json:12: ") and the field. Keys that no row knows are errors with the nearest known one. */
int field_decode_text(const char *json, size_t length, const char *name, const struct field *table, void *object,
		      struct error *e);

/* The object as indented JSON, keys in the order of the table; what is NULL or LIMIT_UNSET is left out. Bytes that are no UTF-8 become
 * U+FFFD: JSON cannot hold them. Adds to ret. */
void field_dump(const struct field *table, const void *object, struct text *ret);

/* The same in one line, without a space. */
void field_dump_line(const struct field *table, const void *object, struct text *ret);

/* Frees all that decode allocated; the object is as if zeroed afterwards. */
void field_release(const struct field *table, void *object);
