/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_apply.h - the members of a tar as files below a folder.
 *
 * The tar may be anybody's. Nothing is made outside the root: names are looked up as if the root were "/" (base/beneath.h), what is there
 * under a file's name is replaced and never written through, and device nodes are left out.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Ids as the calling process sees them. */
struct tar_owner {
	uid_t uid;
	gid_t gid;
};

struct tar_apply {
	int input;                /* the tar: a file or a pipe, read to its end */
	bool drops_first;         /* the first part of every name is replaced by the prefix itself: "a/b" becomes PREFIX/b */
	bool first_is_prefix;     /* drops_first, where the first member is no folder */
	bool keeps_owners;        /* else everything is the caller's */
	const struct tar_owner *owner; /* NULL, or whose everything becomes, whatever the tar says */
	bool keeps_special_modes; /* setuid, setgid and file capabilities; else no program gets more rights than whoever calls it */
	bool replaces;            /* a member takes the place of whatever has its name; else a folder and what is none refuse each other */
	bool sets_root;           /* the prefix gets owner and mode of a member "." */
	bool is_layer;            /* on top of others (layer_apply.h): marks are passed over, and a folder makes room for a file */
};

/* Makes the members below prefix, a path in root. Missing folders are made. Empty stretches of files become holes. */
int tar_apply(const struct tar_apply *apply, int root, const char *prefix, struct error *e);

/* What the names of marks begin with, in layers. */
#define TAR_APPLY_MARK ".wh."

/* The name that is removed by a mark of that path (".wh.NAME"), or ".wh..opq" of one that hides all of a folder; NULL: it is no mark. */
const char *tar_apply_mark(const char *path);
