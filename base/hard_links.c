/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hard_links.c - files that have more names than one, under the first that a tar or a copy has.
 */
#include "base/hard_links.h"

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

struct hard_links {
	struct linked *buckets[BUCKETS]; /* by inode */
};

struct hard_links *hard_links_new(void)
{
	return alloc_zeroed(1, sizeof(struct hard_links));
}

void hard_links_free(struct hard_links *links)
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

const char *hard_links_find(const struct hard_links *links, const struct stat *st)
{
	for (const struct linked *linked = links->buckets[st->st_ino % BUCKETS]; linked; linked = linked->next)
		if (linked->inode == st->st_ino && linked->device == st->st_dev)
			return linked->path;
	return NULL;
}

void hard_links_add(struct hard_links *links, const struct stat *st, const char *path)
{
	struct linked **bucket = &links->buckets[st->st_ino % BUCKETS];
	struct linked *linked = alloc_zeroed(1, sizeof *linked);

	*linked = (struct linked){ *bucket, st->st_dev, st->st_ino, alloc_copy(path) };
	*bucket = linked;
}
