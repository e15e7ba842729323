/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relax.c - JSON as people write it: comments and trailing commas.
 */
#include "specs/relax.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

/* Behind the text that begins at i. */
static size_t skip_text(const char *text, size_t length, size_t i)
{
	for (i++; i < length && text[i] != '"' && text[i] != '\n'; i++)
		if (text[i] == '\\')
			i++;
	return i;
}

static int line_of(const char *text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

/* Blanks the comment at i; the place of its last byte, or length where a block does not end. Line ends stay. */
static size_t blank_comment(char *text, size_t length, size_t i)
{
	bool is_block = text[i + 1] == '*';
	const char *close = is_block ? memmem(text + i + 2, length - i - 2, "*/", 2) : memchr(text + i, '\n', length - i);
	size_t end = close ? (size_t)(close - text) + (is_block ? 2 : 0) : length;

	if (is_block && !close)
		return length;
	for (; i < end; i++)
		if (text[i] != '\n')
			text[i] = ' ';
	return end - 1;
}

int relax(char *text, size_t length, const char *name, struct error *e)
{
	size_t comma = length; /* the last comma with only space behind it */

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"') {
			i = skip_text(text, length, i);
			comma = length;
		} else if (text[i] == '/' && i + 1 < length && (text[i + 1] == '/' || text[i + 1] == '*')) {
			size_t start = i;

			i = blank_comment(text, length, i);
			if (i >= length)
				return error_set(e, ERROR_SPEC, "%s:%d: a comment begins here and does not end", name,
						 line_of(text, start));
		} else if (text[i] == ',') {
			comma = i;
		} else if ((text[i] == '}' || text[i] == ']') && comma < length) {
			text[comma] = ' ';
			comma = length;
		} else if (!strchr(" \t\r\n", text[i])) {
			comma = length;
		}
	}
	return 0;
}
