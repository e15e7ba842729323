/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.c - paths inside a container, as texts.
 */
#include "specs/paths.h"

#include <stddef.h>
#include <string.h>

/* The length of the step at path, which does not begin with "/". */
static size_t step_length(const char *path)
{
	return strcspn(path, "/");
}

static bool is_step(const char *path, const char *step)
{
	return step_length(path) == strlen(step) && strncmp(path, step, strlen(step)) == 0;
}

bool path_clean(char *path)
{
	char *to = path;

	if (path[0] != '/')
		return false;
	for (const char *at = path; *at; at += step_length(at)) {
		at += strspn(at, "/");
		if (is_step(at, ".."))
			return false;
	}
	for (const char *at = path; *at;) {
		size_t length;

		at += strspn(at, "/");
		length = step_length(at);
		if (length && !is_step(at, ".")) {
			*to++ = '/';
			memmove(to, at, length);
			to += length;
		}
		at += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
	return true;
}

bool path_is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (length == 1)
		return true;
	return strncmp(path, folder, length) == 0 && (!path[length] || path[length] == '/');
}

bool path_is_own(const char *path)
{
	if (path_is_below(path, "/dev/shm") && strlen(path) > strlen("/dev/shm"))
		return false;
	return !path[1] || path_is_below(path, "/proc") || path_is_below(path, "/sys") || path_is_below(path, "/dev");
}
