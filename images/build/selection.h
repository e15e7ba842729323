/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection.h - what a COPY or ADD takes from a root: the build context, or the root of a stage or image.
 *
 * A root is a descriptor, and hostile: a source that is a link leads to what lies behind it in the root (base/beneath.h); links below a
 * source are copied as links.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/sha256.h"

struct build_ignore;
struct build_step;
struct error;
struct text;

struct selected {
	char *path; /* below the root; "." is the root */
	char *name; /* below the target; "" is the target itself */
	char *link; /* where a symbolic link leads to, else NULL */
	struct stat st; /* as it was found */
	bool is_source; /* a file that a pattern named itself, not one in a folder */
	char digest[SHA256_TEXT]; /* of a file's content, once somebody has filled it */
};

struct selection {
	struct selected *items; /* folders before what they hold; each source after the other */
	size_t count;
	size_t sources; /* files and folders that the patterns of the step named */
};

struct selection_wish {
	int root;
	const char *what;                 /* the root for messages: "the build context", "stage build" */
	const struct build_ignore *ignore; /* paths that are as if they were not there, or NULL */
	const struct build_step *step;
	size_t source;                    /* this one of its sources */
	mode_t without;                   /* permissions that nothing keeps: 022 for the context, whose checkout's umask decided about them */
};

/* Adds what one source of the step names. A source that names nothing is an error. Sockets and devices are left out. */
int selection_add(const struct selection_wish *wish, struct selection *ret, struct error *e);
void selection_release(struct selection *selection);

/* Adds a line for each item, which says everything that becomes part of the image: name, kind, mode, link, content's digest.
 * has_owners: the owner too. */
void selection_describe(const struct selection *selection, bool has_owners, struct text *ret);

/* The item for reading, as it was found: whatever took its place meanwhile is an error. */
int selection_open(int root, const struct selected *item, struct error *e);

/* The pattern that names this path and nothing else. The caller frees it. */
char *selection_literal(const char *path);
