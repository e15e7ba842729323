/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - one loop for every command line.
 *
 * --name value, --name=value, -n value, -nvalue, -n=value, and flags in one word (-it), as users of docker,
 * podman and runc type them.
 */
#include "cli/options.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"

struct words {
	const struct option_row *table;
	void *object;
	char *const *at;
	struct error *e;
};

const char *options_nearest(const char *const *names, size_t count, const char *word)
{
	const char *nearest = NULL;
	size_t least = 3;

	for (size_t i = 0; i < count; i++) {
		size_t edits = text_distance(word, names[i]);

		if (edits < least && edits < strlen(names[i])) {
			least = edits;
			nearest = names[i];
		}
	}
	return nearest;
}

static int unknown_option(const struct option_row *table, const char *word, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	autofree char *name = alloc_copy_bytes(word, strcspn(word, "="));
	const char *near;

	for (const struct option_row *row = table; row->name; row++)
		if (row->kind != OPTION_ELSEWHERE)
			list_add(&names, row->name);
	near = text_starts(name, "--") ? options_nearest((const char *const *)names.items, names.count, name + 2) : NULL;
	error_set(e, ERROR_USAGE, "unknown option %s", name);
	return near ? error_hint(e, "did you mean --%s?", near) : -1;
}

static int set_flag(const struct words *w, const char *word, const char *value, bool *place)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return error_set(w->e, ERROR_USAGE, "option %s: expected no value, or true or false", word);
	*place = !value || strcmp(value, "true") == 0;
	return 0;
}

bool option_is_flag(const struct option_row *row)
{
	return row->kind == OPTION_FLAG || row->kind == OPTION_WORD || (row->kind == OPTION_FIELD && !row->argument);
}

/* A word for specs/: what it means there is in a table of theirs. */
static int add_field(const struct words *w, const struct option_row *row, const char *word, const char *value, struct list *fields)
{
	bool is_set = true;

	if (!row->argument && set_flag(w, word, value, &is_set))
		return -1;
	list_addf(fields, "%s=%s", row->name, row->argument ? value : is_set ? "true" : "false");
	return 0;
}

/* Gives row its value: what stands in the same word, else the next one. */
static int set_option(struct words *w, const struct option_row *row, const char *word, const char *value)
{
	void *place = (char *)w->object + row->offset;

	if (row->kind == OPTION_ELSEWHERE) {
		error_set(w->e, ERROR_USAGE, "there is no option %s%s", row->name[0] == '-' ? "" : "--", row->name);
		return error_hint(w->e, "%s", row->help);
	}
	if (row->kind == OPTION_FLAG)
		return set_flag(w, word, value, place);
	if (!value && !option_is_flag(row))
		value = *++w->at;
	if (!value && !option_is_flag(row))
		return error_set(w->e, ERROR_USAGE, "option %s needs a value: %s", word, row->argument);
	if (row->kind == OPTION_WORD && !value)
		value = "true";
	if (row->kind == OPTION_FIELD)
		return add_field(w, row, word, value, place);
	if (row->kind == OPTION_TEXT || row->kind == OPTION_SECRET || row->kind == OPTION_WORD)
		*(const char **)place = value;
	else
		list_add(place, value);
	return 0;
}

static int take_long(struct words *w)
{
	const char *word = *w->at, *name = word + 2;
	size_t length = strcspn(name, "=");

	for (const struct option_row *row = w->table; row->name; row++)
		if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
			return set_option(w, row, word, name[length] ? name + length + 1 : NULL);
	return unknown_option(w->table, word, w->e);
}

static const struct option_row *find_letter(const struct option_row *table, char letter)
{
	for (const struct option_row *row = table; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static int take_letters(struct words *w)
{
	const char *word = *w->at;

	for (const char *letter = word + 1; *letter; letter++) {
		const struct option_row *row = find_letter(w->table, *letter);

		if (!row && letter > word + 1)
			return error_set(w->e, ERROR_USAGE, "unknown option -%c in %s", *letter, word);
		if (!row)
			return unknown_option(w->table, word, w->e);
		if (!option_is_flag(row))
			return set_option(w, row, word, letter[1] ? letter + 1 + (letter[1] == '=') : NULL);
		if (set_option(w, row, word, NULL))
			return -1;
	}
	return 0;
}

int options_parse(const struct option_row *table, enum operand_rule rule, char *const *argv, void *object, struct list *operands,
		  struct list *after, struct error *e)
{
	struct words w = { .table = table, .object = object, .at = argv, .e = e };

	for (; *w.at; w.at++) {
		const char *word = *w.at;

		if (strcmp(word, "--") == 0) {
			for (w.at++; *w.at; w.at++)
				list_add(after ? after : operands, *w.at);
			return 0;
		}
		if (word[0] != '-' || !word[1]) {
			list_add(operands, word);
			if (rule != OPERANDS_FIRST)
				continue;
			for (w.at++; *w.at; w.at++)
				list_add(after ? after : operands, *w.at);
			return 0;
		}
		if (word[1] == '-' ? take_long(&w) : take_letters(&w))
			return -1;
	}
	return 0;
}

int options_one_of(const char *option, const char *value, const char *const *words, struct error *e)
{
	autorelease(text) struct text all = { 0 };

	for (size_t i = 0; value && words[i]; i++) {
		if (strcmp(value, words[i]) == 0)
			return 0;
		text_addf(&all, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	return value ? error_set(e, ERROR_USAGE, "option --%s %s: expected %s", option, value, all.data) : 0;
}

void options_help(const struct option_row *table, struct text *ret)
{
	autorelease(list) struct list lefts = { 0 };
	size_t width = 0, i = 0;

	for (const struct option_row *row = table; row->name; row++) {
		if (row->kind == OPTION_ELSEWHERE)
			continue;
		list_addf(&lefts, "%c%c%s--%s%s%s%s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ', row->letter ? ", " : "  ",
			  row->name, row->kind == OPTION_WORD ? "[=" : row->argument ? " " : "", row->argument ? row->argument : "",
			  row->kind == OPTION_WORD ? "]" : "");
		if (strlen(lefts.items[lefts.count - 1]) > width)
			width = strlen(lefts.items[lefts.count - 1]);
	}
	for (const struct option_row *row = table; row->name; row++)
		if (row->kind != OPTION_ELSEWHERE)
			text_addf(ret, "  %-*s  %s\n", (int)width, lefts.items[i++], row->help);
}
