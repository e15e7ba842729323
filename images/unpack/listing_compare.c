/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing_compare.c - what is different between two listings.
 *
 * Both are in one order, so that they are walked beside each other as two sorted lists are merged.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/unpack/listing.h"

enum { FIELDS = 8 }; /* in front of the name */

struct reader {
	FILE *file;
	char *entry; /* NULL: the end */
	size_t size;
	const char *name;
	char *folder; /* the one that the entry is in, or is */
	bool is_folder;
};

static int begin(struct reader *reader, int fd, struct error *e)
{
	int own = dup(fd);

	reader->file = own < 0 ? NULL : fdopen(own, "r");
	if (reader->file)
		return 0;
	if (own >= 0)
		close(own);
	return error_sys(e, "read what is in a layer's folder");
}

static void reader_release(struct reader *reader)
{
	if (reader->file)
		(void)fclose(reader->file); /* it was only read */
	free(reader->entry);
	free(reader->folder);
}

static int next(struct reader *reader, struct error *e)
{
	const char *name;

	errno = 0;
	if (getdelim(&reader->entry, &reader->size, '\0', reader->file) < 0) {
		if (ferror(reader->file))
			return error_sys(e, "read what is in a layer's folder");
		free(reader->entry);
		reader->entry = NULL;
		return 0;
	}
	name = reader->entry;
	for (int i = 0; name && i < FIELDS; i++)
		name = (name = strchr(name, ' ')) ? name + 1 : NULL;
	if (!name)
		return error_set(e, ERROR_IMAGE, "the record of what is in it is damaged");
	reader->name = name;
	reader->is_folder = reader->entry[0] == 'd';
	if (reader->is_folder) {
		free(reader->folder);
		reader->folder = alloc_copy(name);
	}
	return reader->folder ? 0 : error_set(e, ERROR_IMAGE, "the record of what is in it is damaged");
}

/* Part by part: what is in a folder comes before its neighbour, whatever bytes their names have. The root is before all. */
static int compare_paths(const char *a, const char *b)
{
	bool is_root_a = strcmp(a, ".") == 0, is_root_b = strcmp(b, ".") == 0;

	if (is_root_a || is_root_b)
		return is_root_b - is_root_a;
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

/* Which of two entries comes first in a listing; the end is behind all. */
static int compare_places(const struct reader *a, const struct reader *b)
{
	int order;

	if (!a->entry || !b->entry)
		return !a->entry - !b->entry;
	order = compare_paths(a->folder, b->folder);
	if (order)
		return order;
	if (a->is_folder || b->is_folder)
		return b->is_folder - a->is_folder;
	return strcmp(a->name, b->name);
}

static void add_words(struct text *words, const struct reader *reader, const char *what)
{
	const char *folder = strcmp(reader->folder, ".") == 0 ? "" : reader->folder;

	text_add(words, *folder ? "/" : "");
	text_add_escaped(words, folder, strnlen(folder, 200));
	if (!reader->is_folder) {
		text_add(words, "/");
		text_add_escaped(words, reader->name, strnlen(reader->name, 200));
	} else if (!*folder) {
		text_add(words, "/");
	}
	text_addf(words, " %s", what);
}

int listing_compare(int recorded, int found, struct text *ret_wrong, struct error *e)
{
	__attribute__((cleanup(reader_release))) struct reader before = { 0 };
	__attribute__((cleanup(reader_release))) struct reader now = { 0 };
	size_t count = 0;
	int result = begin(&before, recorded, e) || begin(&now, found, e) || next(&before, e) || next(&now, e) ? -1 : 0;

	while (result == 0 && (before.entry || now.entry)) {
		int order = compare_places(&before, &now);
		bool is_same = order == 0 && strcmp(before.entry, now.entry) == 0;

		if (!is_same && count++ == 0)
			add_words(ret_wrong, order > 0 ? &now : &before, order < 0 ? "is missing" : order > 0 ? "was added" : "has changed");
		if ((order <= 0 && next(&before, e)) || (order >= 0 && next(&now, e)))
			result = -1;
	}
	if (result == 0 && count > 1)
		text_addf(ret_wrong, ", and %zu other names", count - 1);
	return result ? -1 : count > 0;
}
