/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_verify.c - whether an index is one that index_writer.c may have written.
 *
 * The writer's walk, over the bytes: by breadth from the root, and each inode met for the first time must lie exactly where the one before
 * it ends, each folder's blocks exactly behind those of the folder before. So nothing overlaps, nothing is reached twice but files with
 * several links, there is no circle, and every number is compared with what there is.
 */
#include "images/unpack/index_verify.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "images/erofs_format.h"
#include "images/unpack/index_verify_parts.h"

/* An inode, in the order in which they were met. */
struct met {
	uint64_t at;
	uint64_t parent; /* of a folder */
	uint32_t named;  /* how often a name led to it */
	uint32_t said;   /* how often it says so */
};

struct walk {
	struct index_bytes index;
	struct met *met;
	size_t met_count;
	uint64_t next_inode; /* where the next one that is met has to be, but for alignment */
};

static int wrong(const char *what, struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "the sandbox made a broken index: %s", what);
}

static int check_super(struct walk *w, struct error *e)
{
	const struct erofs_super *said = (const void *)(w->index.bytes + EROFS_SUPER_AT);
	struct erofs_super super;
	struct erofs_device slot;

	if (w->index.size < EROFS_INODES_AT + sizeof(struct erofs_inode) || w->index.size % EROFS_BLOCK)
		return wrong("its size", e);
	erofs_super_fill(said->inodes, w->index.size / EROFS_BLOCK, (uint64_t)w->index.tar_size / EROFS_BLOCK, &super, &slot);
	if (memcmp(said, &super, sizeof super) != 0 || memcmp(said + 1, &slot, sizeof slot) != 0 ||
	    !index_is_zero(&w->index, 0, EROFS_SUPER_AT) ||
	    !index_is_zero(&w->index, EROFS_SUPER_AT + sizeof super + sizeof slot, EROFS_INODES_AT))
		return wrong("its superblock", e);
	return 0;
}

/* The inode met earlier at that place, by halving: places only grow. */
static struct met *find_met(const struct walk *w, uint64_t at)
{
	size_t low = 0, high = w->met_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->met[middle].at == at)
			return &w->met[middle];
		if (w->met[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int meet(struct walk *w, uint64_t at, uint64_t parent, struct index_found *ret, struct error *e)
{
	struct met *met = find_met(w, at);

	if (met) {
		if (index_look(&w->index, at, ret, e))
			return -1;
		if (!S_ISREG(ret->mode))
			return wrong("two names lead to something that is no file", e);
		met->named++;
		return 0;
	}
	if (index_look(&w->index, at, ret, e))
		return -1;
	if (at != index_place(w->next_inode, ret) || !index_is_zero(&w->index, w->next_inode, at))
		return wrong("an inode is not where it should be", e);
	w->next_inode = at + ret->head;
	met = alloc_append(&w->met, &w->met_count, sizeof *met);
	*met = (struct met){ .at = at, .parent = parent, .named = 1, .said = ret->links };
	if (ret->number != w->met_count)
		return wrong("an inode's number", e);
	return 0;
}

/* A name of the folder that is w->met[index]. */
struct entry_data {
	struct walk *walk;
	size_t index;
	uint32_t folders;
	int dots;
};

static int take_entry(void *data, const struct index_entry *entry, struct error *e)
{
	struct entry_data *d = data;
	const struct met *folder = &d->walk->met[d->index];
	struct index_found found = { 0 };

	if (entry->is_dot) {
		d->dots++;
		return entry->at == folder->at && entry->type == EROFS_FOLDER ? 0 : wrong("a folder's \".\"", e);
	}
	if (entry->is_parent) {
		d->dots++;
		return entry->at == folder->parent && entry->type == EROFS_FOLDER ? 0 : wrong("a folder's \"..\"", e);
	}
	if (meet(d->walk, entry->at, folder->at, &found, e))
		return -1;
	if (found.type != entry->type)
		return wrong("a name's type", e);
	d->folders += S_ISDIR(found.mode) ? 1 : 0;
	return 0;
}

static int walk_folder(struct walk *w, size_t index, const struct index_found *folder, struct error *e)
{
	struct entry_data data = { .walk = w, .index = index };

	if (index_read_folder(&w->index, folder, take_entry, &data, e))
		return -1;
	if (data.dots != 2)
		return wrong("a folder without \".\" or \"..\"", e);
	w->met[index].named += 1 + data.folders;
	return 0;
}

/* Inodes: the list grows while it is walked. */
static int walk_inodes(struct walk *w, struct error *e)
{
	struct index_found found = { 0 };

	if (meet(w, EROFS_INODES_AT, EROFS_INODES_AT, &found, e))
		return -1;
	if (!S_ISDIR(found.mode))
		return wrong("its root", e);
	for (size_t i = 0; i < w->met_count; i++)
		if (index_look(&w->index, w->met[i].at, &found, e) || (S_ISDIR(found.mode) && walk_folder(w, i, &found, e)))
			return -1;
	return 0;
}

/* Blocks: now that it is known where the inodes end. */
static int walk_blocks(struct walk *w, struct error *e)
{
	struct index_found found = { 0 };
	uint64_t at = erofs_align(w->next_inode, EROFS_BLOCK);

	if (!index_is_zero(&w->index, w->next_inode, at))
		return wrong("bytes behind the inodes", e);
	for (size_t i = 0; i < w->met_count; i++) {
		if (index_look(&w->index, w->met[i].at, &found, e))
			return -1;
		if (w->met[i].named != w->met[i].said)
			return wrong("a number of links", e);
		if (!found.has_blocks)
			continue;
		if (found.content_at != at)
			return wrong("blocks are not where they should be", e);
		at += erofs_align(found.size, EROFS_BLOCK);
		if (!index_is_zero(&w->index, found.content_at + found.size, at))
			return wrong("bytes behind a folder", e);
	}
	return at == w->index.size ? 0 : wrong("its end", e);
}

int index_verify(const unsigned char *index, size_t size, int64_t tar_size, struct error *e)
{
	struct walk walk = {
		.index = { .bytes = index, .size = size, .tar_size = tar_size },
		.next_inode = EROFS_INODES_AT,
	};
	const struct erofs_super *super = (const void *)(index + EROFS_SUPER_AT);
	int result = check_super(&walk, e);

	if (result == 0)
		result = walk_inodes(&walk, e) || walk_blocks(&walk, e) ? -1 : 0;
	if (result == 0 && super->inodes != walk.met_count)
		result = wrong("its number of inodes", e);
	free(walk.met);
	return result;
}
