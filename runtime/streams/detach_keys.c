/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detach_keys.c - the keys that end box attach.
 */
#include "runtime/streams/detach_keys.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* 0: no such key. */
static unsigned char key_of(const char *word, size_t length)
{
	static const char prefix[] = "ctrl-";
	const size_t before = sizeof prefix - 1;

	if (length == 1 && (unsigned char)word[0] < 128)
		return (unsigned char)word[0];
	if (length != before + 1 || strncmp(word, prefix, before) != 0)
		return 0;
	/* A terminal sends them so: the letter without its upper bits. ctrl-@ is 0, which is told apart by its caller. */
	return strchr("abcdefghijklmnopqrstuvwxyz[\\]^_", word[before]) ? word[before] & 0x1f : 0;
}

int detach_keys_parse(const char *words, struct detach_keys *ret, struct error *e)
{
	const char *word = words;

	*ret = (struct detach_keys){ 0 };
	while (*words) {
		size_t length = strcspn(word, ",");
		unsigned char key = key_of(word, length);

		if (!key && (length != strlen("ctrl-@") || strncmp(word, "ctrl-@", length) != 0)) {
			error_set(e, ERROR_USAGE, "option --detach-keys %s: \"%.*s\" is no key", words, (int)length, word);
			return error_hint(e, "a character, or ctrl- and one of a-z @ [ \\ ] ^ _; commas between them: " DETACH_KEYS_DEFAULT);
		}
		if (ret->count == DETACH_KEYS_MOST)
			return error_set(e, ERROR_USAGE, "option --detach-keys %s: at most %d keys", words, DETACH_KEYS_MOST);
		ret->keys[ret->count++] = key;
		if (!word[length])
			break;
		word += length + 1;
	}
	return 0;
}

/* The longest beginning of the keys that the held ones, without the first few, end with. */
static size_t shorter(const struct detach_keys *keys)
{
	size_t length = keys->held - 1;

	while (length && memcmp(keys->keys, keys->keys + keys->held - length, length) != 0)
		length--;
	return length;
}

size_t detach_keys_take(struct detach_keys *keys, char *to, const char *from, size_t count)
{
	size_t written = 0;

	for (size_t i = 0; i < count && !keys->is_complete; i++) {
		unsigned char key = (unsigned char)from[i];

		while (keys->held && keys->keys[keys->held] != key) {
			size_t length = shorter(keys), passed = keys->held - length;

			memcpy(to + written, keys->keys, passed);
			written += passed;
			keys->held = length;
		}
		if (keys->count && keys->keys[keys->held] == key)
			keys->is_complete = ++keys->held == keys->count;
		else
			to[written++] = (char)key;
	}
	return written;
}
