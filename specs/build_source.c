/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_source.c - one source of COPY or ADD: a path, an address, or a repository.
 */
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"
#include "specs/build_path.h"

static bool begins(const char *text, const char *const *starts)
{
	for (; *starts; starts++)
		if (strncasecmp(text, *starts, strlen(*starts)) == 0)
			return true;
	return false;
}

static enum build_source_kind kind_of(const char *text)
{
	static const char *const git[] = { "git://", "git@", "ssh://", NULL };
	static const char *const http[] = { "http://", "https://", NULL };
	size_t length = strcspn(text, "#?");

	if (begins(text, git))
		return BUILD_SOURCE_GIT;
	if (!begins(text, http))
		return BUILD_SOURCE_PATH;
	return length > 4 && strncmp(text + length - 4, ".git", 4) == 0 ? BUILD_SOURCE_GIT : BUILD_SOURCE_URL;
}

void build_source_parse(const char *text, bool is_add, bool parents, struct build_source *ret)
{
	const char *pivot;

	ret->kind = is_add ? kind_of(text) : BUILD_SOURCE_PATH;
	if (ret->kind != BUILD_SOURCE_PATH) {
		ret->path = alloc_copy(text);
		return;
	}
	ret->path = build_path_relative(text);
	pivot = parents ? strstr(text, "/./") : NULL;
	if (pivot) {
		autofree char *before = alloc_copy_bytes(text, (size_t)(pivot - text)),
			      *clean = build_path_relative(before);

		if (strcmp(clean, ".") != 0 && text_starts(ret->path, clean) && ret->path[strlen(clean)] == '/')
			ret->pivot = strlen(clean) + 1;
	}
}
