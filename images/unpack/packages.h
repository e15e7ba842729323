/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packages.h - what the package databases of an image say is in it: dpkg (also in parts, as distroless images have it), apk, npm's
 * package.json, Python's METADATA. A database of rpm is named, and not read.
 *
 * The files are the image's word: what is broken in them is passed over, and never more than a name and a version is taken.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct image_tree;

struct package {
	char *name, *version;
	char *purl;  /* "pkg:deb/debian/libc6@2.36-9?arch=amd64" */
	char *found; /* in which file */
};

struct packages {
	struct package *items; /* sorted by purl, each once */
	size_t count;
	struct list unread; /* sentences about databases that are there and were not read */
};

/* For struct tree_wish: how much of the file is of interest. */
size_t packages_keep(const char *path, const void *data);

void packages_find(const struct image_tree *tree, struct packages *ret);
void packages_release(struct packages *packages);
