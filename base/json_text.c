/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.c - JSON built by hand.
 */
#include "base/json_text.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/text.h"

/* Length of the well-formed UTF-8 letter at at (1 to 4), or 0. The zero byte at the end stops every comparison. */
static size_t utf8_length(const unsigned char *at)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
			: at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, half of a UTF-16 pair, above U+10FFFF. */
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

void json_add_text(struct text *ret, const char *value)
{
	const unsigned char *at = (const unsigned char *)value;

	text_add_char(ret, '"');
	while (*at) {
		size_t length = utf8_length(at);

		if (*at == '"' || *at == '\\')
			text_addf(ret, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			text_addf(ret, "\\u%04x", *at);
		else if (length)
			text_add_bytes(ret, at, length);
		else
			text_add(ret, "\xef\xbf\xbd");
		at += length ? length : 1;
	}
	text_add_char(ret, '"');
}

void json_add_key(struct text *ret, const char *key)
{
	char last = ret->length ? ret->data[ret->length - 1] : '{';

	if (last != '{' && last != '[')
		text_add_char(ret, ',');
	json_add_text(ret, key);
	text_add_char(ret, ':');
}

void json_add_number(struct text *ret, const char *key, uint64_t value)
{
	json_add_key(ret, key);
	text_addf(ret, "%" PRIu64, value);
}

void json_add_nonzero(struct text *ret, const char *key, uint64_t value)
{
	if (value)
		json_add_number(ret, key, value);
}
