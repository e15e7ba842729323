/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_notes.h - digests of files, noted by inode while they are written, so that the listing of a layer need not read them again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "images/digest.h"

struct content_note {
	ino_t inode;
	size_t number; /* a later file may have the inode of one that was removed */
	char hex[65]; /* of SHA-256, or "-" (listing.h) */
};

/* All zeros: empty. */
struct content_notes {
	struct content_note *notes;
	size_t count, room;
	bool is_full; /* too many files: nothing is known any more */
};

void content_notes_add(struct content_notes *notes, ino_t inode, const struct digest *digest);

/* Behind the last one, before the first is looked for. */
void content_notes_sort(struct content_notes *notes);

/* Whether the regular file with this inode was noted. notes may be NULL. */
bool content_notes_find(const struct content_notes *notes, ino_t inode, struct digest *ret);
void content_notes_release(struct content_notes *notes);
