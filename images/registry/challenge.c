/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge.c - WWW-Authenticate.
 *
 * Challenges and their parameters are separated by the same comma. A word that an equals sign follows is a parameter of the challenge in
 * front of it; any other word begins a challenge.
 */
#include "images/registry/challenge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"

enum { CHALLENGES = 16, PARAMETERS = 32 };

static const char token_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

void challenges_release(struct challenges *challenges)
{
	int saved = errno;

	for (size_t i = 0; i < challenges->count; i++) {
		free(challenges->items[i].scheme);
		list_release(&challenges->items[i].parameters);
	}
	free(challenges->items);
	*challenges = (struct challenges){ 0 };
	errno = saved;
}

const struct challenge *challenges_find(const struct challenges *challenges, const char *scheme)
{
	for (size_t i = 0; i < challenges->count; i++)
		if (strcmp(challenges->items[i].scheme, scheme) == 0)
			return &challenges->items[i];
	return NULL;
}

static char *lower(const char *bytes, size_t length)
{
	char *copy = alloc_copy_bytes(bytes, length);

	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
	return copy;
}

/* A quoted string from its quote on, or a bare word; false where a quote is not closed. */
static bool take_value(const char **at, struct text *ret)
{
	size_t length;

	text_clear(ret);
	if (**at != '"') {
		/* Some registries leave the quotes out around a URL. */
		length = strcspn(*at, ", \t");
		text_add_bytes(ret, *at, length);
		*at += length;
		return true;
	}
	for (++*at; **at && **at != '"'; ++*at) {
		if (**at == '\\' && (*at)[1])
			++*at;
		text_add_char(ret, **at);
	}
	if (**at != '"')
		return false;
	++*at;
	return true;
}

static int broken(const char *value, struct error *e)
{
	return error_set(e, ERROR_NETWORK, "its WWW-Authenticate header cannot be read: %.100s", value);
}

/* "key=value" behind a word of length bytes; value stands at the equals sign. */
static int take_parameter(const char *word, size_t length, const char **at, struct challenges *ret, struct text *value)
{
	struct challenge *challenge = ret->count ? &ret->items[ret->count - 1] : NULL;
	autofree char *key = lower(word, length);

	*at += 1 + strspn(*at + 1, " \t");
	if (!challenge || challenge->parameters.count >= PARAMETERS || !take_value(at, value))
		return -1;
	list_addf(&challenge->parameters, "%s=%s", key, value->data ? value->data : "");
	return 0;
}

int challenges_parse(const char *value, struct challenges *ret, struct error *e)
{
	autorelease(text) struct text buffer = { 0 };
	const char *at = value;

	for (;;) {
		const char *word;
		size_t length;

		at += strspn(at, ", \t");
		if (!*at)
			return 0;
		word = at;
		length = strspn(at, token_letters);
		if (!length)
			return broken(value, e);
		at += length;
		at += strspn(at, " \t");
		if (*at == '=' && ret->count) {
			if (take_parameter(word, length, &at, ret, &buffer))
				return broken(value, e);
		} else {
			struct challenge *challenge;

			if (ret->count >= CHALLENGES)
				return broken(value, e);
			challenge = alloc_append(&ret->items, &ret->count, sizeof *challenge);
			challenge->scheme = lower(word, length);
		}
	}
}
