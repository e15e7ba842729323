/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_tree.h - what several layers show together, name by name, read from their blobs; inside the sandbox.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tar_writer.h"
#include "base/text.h"
#include "images/digest.h"

struct error;

/* Of a name that a layer removed and that no layer above it has. */
enum { TREE_REMOVED = 'w' };

struct tree_entry {
	char *path; /* without "/" at either end; "" is the root */
	int type;   /* enum tar_type; a hard link is the file that it leads to. Or TREE_REMOVED */
	uint32_t mode;
	int64_t uid, gid, mtime, size;
	uint32_t mtime_nsec, major, minor;
	char *target;     /* of a symbolic link */
	char *attributes; /* digest of all extended attributes; NULL: none */
	char *content;    /* digest of a file's content */
	char *kept;       /* the content where it was asked for, with a zero byte behind it, or NULL */
	size_t kept_length;
	bool is_opaque; /* a folder that hides all below */
};

struct image_tree {
	struct tree_entry *items; /* by path, as strcmp orders them */
	size_t count;
};

struct tree_wish {
	int channel;              /* blobs are asked for here: WIRE_BLOB */
	const struct list *blobs; /* "DIGEST SIZE" of the layers, lowest first */
	bool has_lower;           /* other layers are below: what was removed counts */
	/* How many bytes of that file's content are kept; 0: none. Larger ones are not kept at all. NULL: never. */
	size_t (*keep)(const char *path, const void *data);
	const void *data;
	bool hashes; /* contents and attributes */
};

int image_tree_read(const struct tree_wish *wish, struct image_tree *ret, struct error *e);
void image_tree_release(struct image_tree *tree);
/* NULL: it is not there. */
const struct tree_entry *image_tree_find(const struct image_tree *tree, const char *path);
