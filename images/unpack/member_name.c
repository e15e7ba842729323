/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member_name.c - the names of a tar's members.
 */
#include "images/unpack/member_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/budget.h"

static const char prefix[] = ".wh.";
static const char opaque[] = ".wh..wh..opq";

char *member_name_clean(const char *raw, const struct budget_limits *limits, struct error *e)
{
	autorelease(text) struct text clean = { 0 };
	int64_t depth = 0;

	if ((int64_t)strlen(raw) > limits->path) {
		error_set(e, ERROR_IMAGE, "its name has more than %d bytes", (int)limits->path);
		return NULL;
	}
	for (const char *at = raw; *at;) {
		size_t length = strcspn(at, "/");

		if (length == 2 && at[0] == '.' && at[1] == '.') {
			error_set(e, ERROR_IMAGE, "its name leads out of the root by \"..\"");
			return NULL;
		}
		if ((int64_t)length > limits->component) {
			error_set(e, ERROR_IMAGE, "a part of its name has more than %d bytes", (int)limits->component);
			return NULL;
		}
		if (length > 0 && !(length == 1 && at[0] == '.')) {
			if (++depth > limits->depth) {
				error_set(e, ERROR_IMAGE, "its name is more than %d folders deep", (int)limits->depth);
				return NULL;
			}
			if (clean.length)
				text_add_char(&clean, '/');
			text_add_bytes(&clean, at, length);
		}
		at += length + strspn(at + length, "/");
	}
	return text_take(&clean);
}

const char *member_name_base(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

int whiteout_parse(const char *base, const char **ret_target, struct error *e)
{
	const char *target;

	if (!text_starts(base, prefix))
		return WHITEOUT_NONE;
	if (strcmp(base, opaque) == 0)
		return WHITEOUT_OPAQUE;
	target = base + sizeof prefix - 1;
	/* ".wh." and its like would remove the folder itself or its parent; ".wh..wh.*" is aufs' own bookkeeping. */
	if (!*target || strcmp(target, ".") == 0 || strcmp(target, "..") == 0 || text_starts(target, prefix))
		return error_set(e, ERROR_IMAGE, "it is a whiteout of \"%s\", which is no name that a layer can hold",
				 target);
	*ret_target = target;
	return WHITEOUT_NAME;
}
