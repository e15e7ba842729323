/* SPDX-License-Identifier: Apache-2.0 */
/*
 * env_file.c - files of environment variables.
 */
#include "specs/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { LIMIT = 1 << 20 };

/* Takes quotes off in place; a text that begins with one has to end with it. */
static int unquote(char *value)
{
	size_t length = strlen(value);

	if (value[0] != '"' && value[0] != '\'')
		return 0;
	if (length < 2 || value[length - 1] != value[0])
		return -1;
	memmove(value, value + 1, length - 2);
	value[length - 2] = '\0';
	return 0;
}

static int take_line(char *line, struct list *ret, struct error *e)
{
	char *key = line + strspn(line, " \t");
	size_t length = strlen(key);
	char *equals;

	while (length && strchr(" \t\r", key[length - 1]))
		key[--length] = '\0';
	if (!*key || *key == '#')
		return 0;
	if (text_starts(key, "export "))
		key += strlen("export ");
	equals = strchr(key, '=');
	if (equals)
		*equals = '\0';
	if (!*key || strpbrk(key, " \t\"'"))
		return error_set(e, ERROR_SPEC, "expected KEY=value, found \"%.80s\"", key);
	if (!equals) {
		if (getenv(key))
			list_env_set(ret, key, getenv(key));
		return 0;
	}
	if (unquote(equals + 1))
		return error_set(e, ERROR_SPEC, "the quote of %.80s does not end on its line", key);
	list_env_set(ret, key, equals + 1);
	return 0;
}

int env_file_read(const char *path, const char *name, struct list *ret, struct error *e)
{
	autorelease(text) struct text content = { 0 };
	int number = 1;

	if (file_read(AT_FDCWD, path, LIMIT, &content, e)) {
		errno = e->sys;
		return e->sys ? error_sys(e, "open %s", name) : -1;
	}
	if (content.data && strlen(content.data) != content.length)
		return error_set(e, ERROR_SPEC, "%s: it holds a zero byte", name);
	for (char *line = content.data, *next; line && *line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (take_line(line, ret, e))
			return error_in(e, "%s:%d", name, number);
	}
	return 0;
}
