/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_words.c - a command line as the audit trail keeps it.
 */
#include "cli/audit_words.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/commands.h"

/* The longest word; all of them; what a word takes besides its bytes, so that many empty ones are not for nothing. */
enum { WORD = 1024, ALL = 8 << 10, FRAME = 3 };

#define HIDDEN "***"

/* Whether the first bytes of name contain a word that stands for a secret. */
static bool names_secret(const char *name, size_t length)
{
	static const char *const words[] = { "password", "passwd", "passphrase", "secret", "token", "credential", "api_key", "api-key", "apikey",
					     "private_key", "private-key" };
	autofree char *copy = alloc_copy_bytes(name, length);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(copy, words[i]))
			return true;
	return false;
}

/* The row of the option that word is, and where in it its value begins (NULL: it is the next word). */
static const struct option_row *find_option(const struct option_row *table, const char *word, const char **ret_value)
{
	size_t length = strcspn(word, "=");

	*ret_value = NULL;
	if (word[0] != '-' || !word[1])
		return NULL;
	for (const struct option_row *row = table; word[1] == '-' && row->name; row++)
		if (strlen(row->name) == length - 2 && strncmp(row->name, word + 2, length - 2) == 0) {
			*ret_value = word[length] ? word + length + 1 : NULL;
			return row;
		}
	for (const char *letter = word + 1; word[1] != '-' && *letter; letter++) {
		const struct option_row *row = table;

		while (row->name && row->letter != *letter)
			row++;
		if (!row->name)
			return NULL;
		*ret_value = letter[1] ? letter + 1 + (letter[1] == '=') : NULL;
		if (!option_is_flag(row))
			return row;
	}
	return NULL;
}

/* Adds a word up to where its secret begins. */
static void add_hidden(struct list *ret, const char *word, size_t length)
{
	list_addf(ret, "%.*s" HIDDEN, (int)(length < WORD ? length : WORD), word);
}

static void add_cut(struct list *ret, const char *word)
{
	list_addf(ret, "%.*s%s", WORD, word, strlen(word) > WORD ? "…" : "");
}

/* The password in "scheme://user:password@host/…" or "user:password@host/…": where it begins, and what is behind it.
 * "name:tag@digest" has none. */
static const char *find_password(const char *word, const char **ret_end)
{
	const char *scheme = strstr(word, "://"), *begin = scheme ? scheme + 3 : word;
	size_t length = strcspn(begin, "/?#");
	const char *at = memrchr(begin, '@', length), *colon;

	/* A "/" in a password that was not written as URLs want it. */
	if (!at && scheme)
		at = strrchr(begin, '@');
	if (!at || text_starts(at + 1, "sha256:") || text_starts(at + 1, "sha512:"))
		return NULL;
	colon = memchr(begin, ':', (size_t)(at - begin));
	*ret_end = at;
	return colon ? colon + 1 : NULL;
}

static void add_word(struct list *ret, const char *word)
{
	size_t name = strcspn(word, "=");
	const char *end, *password = find_password(word, &end);

	if (word[name] && names_secret(word, name))
		add_hidden(ret, word, name + 1);
	else if (password)
		list_addf(ret, "%.*s" HIDDEN "%.*s", (int)(password - word < WORD ? password - word : WORD), word, WORD, end);
	else
		add_cut(ret, word);
}

/* Adds an option with its value, where that is hidden; how many words it was, 0: it is added as any word. */
static int add_option(const struct option_row *table, char *const *argv, struct list *ret)
{
	const char *value, *equals;
	const struct option_row *row = find_option(table, argv[0], &value);
	bool is_secret = row && row->kind == OPTION_SECRET, is_next = !value;

	if (!row || (!is_secret && row->kind != OPTION_VARIABLES))
		return 0;
	value = is_next ? argv[1] : value;
	if (!value)
		return 0;
	if (is_next)
		add_cut(ret, argv[0]);
	equals = is_secret ? value : strchr(value, '=');
	if (equals)
		add_hidden(ret, is_next ? value : argv[0], (size_t)(equals + !is_secret - (is_next ? value : argv[0])));
	else
		add_cut(ret, is_next ? value : argv[0]);
	return 1 + is_next;
}

void audit_words(const struct command *command, char *const *argv, struct list *ret)
{
	size_t total = 0, counted = 0;
	bool hides_next = false;

	list_add(ret, "box");
	list_add(ret, command->name);
	while (*argv) {
		int taken = hides_next ? 0 : add_option(command->options, argv, ret);

		if (!taken) {
			if (hides_next)
				list_add(ret, HIDDEN);
			else
				add_word(ret, *argv);
			hides_next = !hides_next && **argv == '-' && !strchr(*argv, '=') && names_secret(*argv, strlen(*argv)) && argv[1];
			taken = 1;
		}
		argv += taken;
		for (; counted < ret->count; counted++)
			total += strlen(ret->items[counted]) + FRAME;
		if (total > ALL && *argv) {
			list_add(ret, "…");
			return;
		}
	}
}
