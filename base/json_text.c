/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.c - JSON built by hand.
 */
#include "base/json_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

void json_add_text(struct text *ret, const char *value)
{
	const unsigned char *at = (const unsigned char *)value, *end = at + strlen(value);

	text_add_char(ret, '"');
	while (at < end) {
		size_t length = utf8_length(at, (size_t)(end - at));

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

void json_add_member(struct text *ret, const char *key, const char *value)
{
	if (!value)
		return;
	json_add_key(ret, key);
	json_add_text(ret, value);
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
