/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_glob.h - the patterns of COPY, --exclude and .dockerignore, matched on relative paths as texts (no file is touched).
 *
 *     *       any characters of one name       ?      one character
 *     [a-z]   one of them, [^a-z] none of them \x     x itself
 *     **      with deep: folders, none included: "a/(star)(star)/b" takes "a/b" and "a/x/y/b"; at the end: everything below
 *
 * as Go's path/filepath and moby's patternmatcher have them; "*", "?" and classes never match "/". Matching takes time in proportion to the
 * lengths of pattern and path multiplied, whatever the pattern.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct glob_part;

enum { BUILD_GLOB_LIMIT = 4096 }; /* bytes of a pattern */

struct build_glob {
	struct glob_part *parts;
	size_t count;
	char *literal;   /* the path that it names where it has no wildcard, without its backslashes; else NULL */
	char *beginning; /* the characters up to the first wildcard */
	char *ending;    /* the characters behind the last one; NULL with literal */
};

/* deep: "**" has its meaning; without, it is "*" (COPY without --parents). ret is zeroed, and released by the caller also on failure. */
int build_glob_compile(const char *pattern, bool deep, struct build_glob *ret, struct error *e);
bool build_glob_match(const struct build_glob *glob, const char *path);

/* Whether anything below folder ("a/b"; "" or "." is the root) can match: a walk need not enter other folders. */
bool build_glob_leads(const struct build_glob *glob, const char *folder);

/* Bytes of the folders in front of the first wildcard: 4 for "a/b/c*"; the whole length minus the last name for a literal. 0: none. */
size_t build_glob_folder(const char *pattern);
void build_glob_release(struct build_glob *glob);
