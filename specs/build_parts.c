/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_parts.c - how the rest of a Dockerfile's instruction is cut into words.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

static const char spaces[] = " \t\r\v\f\n";

int build_parts_json(const char *text, struct list *ret, struct error *e)
{
	json_t *array, *item;
	size_t i;
	int result = 1;

	text += strspn(text, spaces);
	if (*text != '[')
		return 0;
	array = json_loads(text, 0, NULL);
	if (!array)
		return 0;
	json_array_foreach(array, i, item)
	{
		if (!json_is_string(item)) {
			error_set(e, ERROR_SPEC, "item %zu of the JSON array is no text", i + 1);
			result = error_hint(e, "write every item in double quotes: [\"prog\", \"1\"]");
			break;
		}
		list_add(ret, json_string_value(item));
	}
	json_decref(array);
	return result;
}

void build_parts_spaces(const char *text, struct list *ret)
{
	while (*(text += strspn(text, spaces))) {
		size_t length = strcspn(text, spaces);

		list_take(ret, alloc_copy_bytes(text, length));
		text += length;
	}
}

void build_parts_quoted(const char *text, char escape, struct list *ret)
{
	while (*(text += strspn(text, spaces))) {
		const char *from = text;
		char quote = '\0';

		for (; *text && (quote || !strchr(spaces, *text)); text++) {
			if (*text == escape && text[1] && quote != '\'')
				text++;
			else if (quote ? *text == quote : *text == '"' || *text == '\'')
				quote = quote ? '\0' : *text;
		}
		list_take(ret, alloc_copy_bytes(from, (size_t)(text - from)));
	}
}

int build_parts_either(const char *text, struct list *ret, struct error *e)
{
	int is_json = build_parts_json(text, ret, e);

	if (is_json == 0)
		build_parts_spaces(text, ret);
	return is_json < 0 ? -1 : 0;
}

bool build_parts_heredoc(const char *word, struct build_heredoc *ret)
{
	autorelease(text) struct text name = { 0 };
	char quote = '\0';
	bool is_chomped, is_quoted = false;

	word += strspn(word, "0123456789");
	if (strncmp(word, "<<", 2) != 0)
		return false;
	word += 2;
	is_chomped = *word == '-';
	word += is_chomped;
	for (; *word; word++) {
		if (*word == '<' || (!quote && strchr(spaces, *word)))
			return false; /* "<<EOF bash": the shell's business */
		if (quote ? *word == quote : *word == '"' || *word == '\'')
			quote = quote ? '\0' : *word;
		else if (*word == '\\' && word[1] && quote != '\'')
			text_add_char(&name, *++word);
		else {
			text_add_char(&name, *word);
			continue;
		}
		is_quoted = true;
	}
	if (quote || !name.length)
		return false;
	if (ret) {
		ret->name = text_take(&name);
		ret->expand = !is_quoted;
		ret->chomp = is_chomped;
	}
	return true;
}

void build_parts_flags(const char **text, struct list *ret)
{
	const char *at = *text;

	for (;;) {
		struct text flag = { 0 };
		char quote = '\0';

		at += strspn(at, spaces);
		if (strncmp(at, "--", 2) != 0)
			break;
		if (at[2] == '\0' || strchr(spaces, at[2])) {
			at += 2; /* "--" ends the flags */
			break;
		}
		for (; *at && (quote || !strchr(spaces, *at)); at++) {
			if (*at == '\\' && at[1])
				text_add_char(&flag, *++at);
			else if (quote ? *at == quote : *at == '"' || *at == '\'')
				quote = quote ? '\0' : *at;
			else
				text_add_char(&flag, *at);
		}
		list_take(ret, text_take(&flag));
	}
	*text = at + strspn(at, spaces);
}
