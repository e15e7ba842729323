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

/* Of a control character: all of them have two bytes, or three. */
static unsigned number_of(const unsigned char *at, size_t length)
{
	if (length == 1)
		return at[0];
	if (length == 2)
		return (at[0] & 0x1fU) << 6 | (at[1] & 0x3fU);
	return (at[0] & 0x0fU) << 12 | (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU);
}

void json_add_shown(struct text *ret, const char *json, size_t length)
{
	const unsigned char *at = (const unsigned char *)json, *end = at + length, *plain = at;

	while (at < end) {
		size_t step = utf8_length(at, (size_t)(end - at));

		if (*at == 0x7f || (step > 1 && utf8_is_control(at))) {
			text_add_bytes(ret, plain, (size_t)(at - plain));
			text_addf(ret, "\\u%04x", number_of(at, step));
			plain = at + step;
		}
		at += step ? step : 1;
	}
	text_add_bytes(ret, plain, (size_t)(end - plain));
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

void json_add_array(struct text *ret, const struct list *list)
{
	text_add_char(ret, '[');
	for (size_t i = 0; i < list->count; i++) {
		text_add(ret, i ? "," : "");
		json_add_text(ret, list->items[i]);
	}
	text_add_char(ret, ']');
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
