/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_ignore.h - .dockerignore and --exclude: ordered rules that hide paths of a context.
 *
 * A rule takes a path where its pattern takes the path or a folder above it; the last rule that takes it decides, and one that begins
 * with "!" shows it again. No file is touched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "specs/build_glob.h"

struct error;
struct list;

enum { BUILD_IGNORE_LIMIT = 1 << 20, BUILD_IGNORE_RULES = 4096 };

struct build_ignore {
	struct build_ignore_rule {
		struct build_glob glob;
		bool is_shown; /* "!" */
	} * rules;
	size_t count;
};

/* The text of a .dockerignore; name is for messages. ret is zeroed, and released by the caller also on failure. */
int build_ignore_parse(const char *text, size_t length, const char *name, struct build_ignore *ret, struct error *e);

/* Adds the patterns of --exclude, one rule each. */
int build_ignore_add(struct build_ignore *ret, const struct list *patterns, struct error *e);

/* Whether path ("src/a.c": relative, clean) is hidden. */
bool build_ignore_hides(const struct build_ignore *ignore, const char *path);

/* Whether something below folder, which is hidden itself, can be shown: where not, a walk need not enter it. */
bool build_ignore_enters(const struct build_ignore *ignore, const char *folder);
void build_ignore_release(struct build_ignore *ignore);
