/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_path.c - paths of build files as texts.
 */
#include "specs/build_path.h"

#include <string.h>

#include "base/text.h"

/* Adds the steps of path to ret, which is "" or "/a/b"; ".." takes one away, at the root none. */
static void add_steps(struct text *ret, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0) {
			while (ret->length && ret->data[--ret->length] != '/')
				;
			if (ret->data)
				ret->data[ret->length] = '\0';
		} else if (length && !(length == 1 && *path == '.')) {
			text_add_char(ret, '/');
			text_add_bytes(ret, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
}

char *build_path_absolute(const char *folder, const char *path)
{
	struct text ret = { 0 };

	if (*path != '/')
		add_steps(&ret, folder);
	add_steps(&ret, path);
	if (!ret.length)
		text_add_char(&ret, '/');
	return text_take(&ret);
}

char *build_path_relative(const char *path)
{
	struct text ret = { 0 };
	char *relative;

	add_steps(&ret, path);
	relative = text_format("%s", ret.length ? ret.data + 1 : ".");
	text_release(&ret);
	return relative;
}

bool build_path_is_folder(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

	return !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}
