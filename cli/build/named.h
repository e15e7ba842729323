/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.h - folders and images that a build calls by names of its own: --build-context, and "contexts" of app.json.
 */
#pragma once

#include "specs/build_ignore.h"

struct build_from;
struct build_work;
struct content_digests;
struct error;
struct list;
struct stage;

struct build_named {
	char *name;
	char *image; /* a reference (images/reference.h), or NULL: a folder: */
	int root;
	char *what; /* for messages */
	struct build_ignore ignore;
	struct content_digests *digests;
};

/* Takes "NAME=PATH", "NAME=docker-image://REF", "NAME=oci-layout://PATH[:TAG]". Relative paths lie below folder (NULL: the current one). A
 * name that is there already stays what it is. */
int build_named_take(struct build_work *work, const struct list *words, const char *folder, struct error *e);
void build_named_release(struct build_work *work);

/* The context that from names; there always is one. */
const struct build_named *build_named_find(const struct build_work *work, const struct build_from *from);

/* The stage begins with a folder: its first step is a copy of it. */
void build_named_begin(struct stage *stage, const struct build_from *from, long long line);
