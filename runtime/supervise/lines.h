/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - small files of lines "key value", by tables.
 *
 * What the supervisor reads has no JSON: it links no library for it, and a file of another version of box is readable by design. A key that
 * no row knows is passed over, one that is missing leaves its member as it was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

enum line_kind {
	LINE_TEXT,   /* char *; NULL is left out */
	LINE_NUMBER, /* int64_t */
};

struct line_row {
	const char *key; /* a table ends with a row without one */
	enum line_kind kind;
	size_t offset;
};

/* Reads the file below the open folder into object. -1 with e->sys ENOENT where there is none, or an empty one, whose place is reserved. */
int lines_read(int folder, const char *file, const struct line_row *rows, void *object, struct error *e);

/* Replaces the file as one step; on a full disk it is written over (base/reserve.h). A text with a line end in it is refused. */
int lines_write(int folder, const char *file, const struct line_row *rows, const void *object, struct error *e);

/* Frees the texts; the object is as if zeroed afterwards, as far as rows speak of it. */
void lines_release(const struct line_row *rows, void *object);
