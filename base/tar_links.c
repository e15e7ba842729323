/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_links.c - files that have more names than one, under the first that a tar has.
 */
#include "base/tar_links.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"

enum { BUCKETS = 4096 };

struct linked {
	struct linked *next;
	dev_t device;
	ino_t inode;
	char *path;
};

struct tar_links {
	struct linked *buckets[BUCKETS]; /* by inode */
};

struct tar_links *tar_links_new(void)
{
	return alloc_zeroed(1, sizeof(struct tar_links));
}

void tar_links_free(struct tar_links *links)
{
	for (size_t i = 0; links && i < BUCKETS; i++)
		for (struct linked *linked = links->buckets[i]; linked;) {
			struct linked *next = linked->next;

			free(linked->path);
			free(linked);
			linked = next;
		}
	free(links);
}

const char *tar_links_find(const struct tar_links *links, const struct stat *st)
{
	for (const struct linked *linked = links->buckets[st->st_ino % BUCKETS]; linked; linked = linked->next)
		if (linked->inode == st->st_ino && linked->device == st->st_dev)
			return linked->path;
	return NULL;
}

void tar_links_add(struct tar_links *links, const struct stat *st, const char *path)
{
	struct linked **bucket = &links->buckets[st->st_ino % BUCKETS];
	struct linked *linked = alloc_zeroed(1, sizeof *linked);

	*linked = (struct linked){ *bucket, st->st_dev, st->st_ino, alloc_copy(path) };
	*bucket = linked;
}
