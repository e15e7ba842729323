/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_notes.c - digests by inode.
 */
#include "images/unpack/content_notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { FIRST = 256, LIMIT = 1 << 18 /* 22 MiB */ };

void content_notes_add(struct content_notes *notes, ino_t inode, const struct digest *digest)
{
	struct content_note *note;

	if (notes->is_full || notes->count == LIMIT) {
		notes->is_full = true;
		return;
	}
	if (notes->count == notes->room) {
		notes->room = notes->room ? 2 * notes->room : FIRST;
		notes->notes = alloc_resize(notes->notes, notes->room, sizeof *notes->notes);
	}
	note = &notes->notes[notes->count];
	*note = (struct content_note){ .inode = inode, .number = notes->count++ };
	memcpy(note->hex, digest->hex, sizeof note->hex - 1);
}

static int compare_all(const void *a, const void *b)
{
	const struct content_note *one = a, *other = b;

	if (one->inode != other->inode)
		return one->inode > other->inode ? 1 : -1;
	return (one->number > other->number) - (one->number < other->number);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct content_note *one = a, *other = b;

	return (one->inode > other->inode) - (one->inode < other->inode);
}

/* Only the last note about each inode stays. */
void content_notes_sort(struct content_notes *notes)
{
	size_t kept = 0;

	if (notes->count)
		qsort(notes->notes, notes->count, sizeof *notes->notes, compare_all);
	for (size_t i = 0; i < notes->count; i++)
		if (i + 1 == notes->count || notes->notes[i + 1].inode != notes->notes[i].inode)
			notes->notes[kept++] = notes->notes[i];
	notes->count = kept;
}

bool content_notes_find(const struct content_notes *notes, ino_t inode, struct digest *ret)
{
	const struct content_note wanted = { .inode = inode };
	const struct content_note *found;

	if (!notes || notes->is_full || notes->count == 0)
		return false;
	found = bsearch(&wanted, notes->notes, notes->count, sizeof wanted, compare_inodes);
	if (!found)
		return false;
	*ret = (struct digest){ .algorithm = DIGEST_SHA256 };
	memcpy(ret->hex, found->hex, sizeof found->hex);
	return true;
}

void content_notes_release(struct content_notes *notes)
{
	free(notes->notes);
	*notes = (struct content_notes){ 0 };
}
