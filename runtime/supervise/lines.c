/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.c - small files of lines "key value", by tables.
 */
#include "runtime/supervise/lines.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/reserve.h"
#include "base/text.h"

enum { LIMIT = 1 << 16 };

static void *member(void *object, const struct line_row *row)
{
	return (char *)object + row->offset;
}

static const void *member_of(const void *object, const struct line_row *row)
{
	return (const char *)object + row->offset;
}

static void take_line(const struct line_row *rows, void *object, const char *key, const char *value)
{
	for (const struct line_row *row = rows; row->key; row++) {
		if (strcmp(row->key, key) != 0)
			continue;
		if (row->kind == LINE_NUMBER) {
			(void)number_parse(value, INT64_MIN, INT64_MAX, member(object, row)); /* what is none leaves the member as it is */
			return;
		}
		free(*(char **)member(object, row));
		*(char **)member(object, row) = alloc_copy(value);
	}
}

int lines_read(int folder, const char *file, const struct line_row *rows, void *object, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	if (file_read(folder, file, LIMIT, &lines, e))
		return -1;
	if (!lines.length) {
		errno = ENOENT;
		return error_sys(e, "read %s: it is empty", file);
	}
	for (char *at = lines.data, *end; at && (end = strchr(at, '\n')); at = end + 1) {
		char *space = strchr(at, ' ');

		*end = '\0';
		if (!space || space > end)
			continue;
		*space = '\0';
		take_line(rows, object, at, space + 1);
	}
	return 0;
}

int lines_write(int folder, const char *file, const struct line_row *rows, const void *object, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	for (const struct line_row *row = rows; row->key; row++) {
		const char *value = row->kind == LINE_TEXT ? *(char *const *)member_of(object, row) : NULL;

		if (row->kind == LINE_NUMBER)
			text_addf(&lines, "%s %jd\n", row->key, (intmax_t) * (const int64_t *)member_of(object, row));
		else if (value && strchr(value, '\n'))
			return error_set(e, ERROR_USAGE, "write %s into %s: it has a line end in it", row->key, file);
		else if (value)
			text_addf(&lines, "%s %s\n", row->key, value);
	}
	return reserve_replace(folder, file, lines.data ? lines.data : "", lines.length, 0600, e);
}

void lines_release(const struct line_row *rows, void *object)
{
	int saved = errno;

	for (const struct line_row *row = rows; row->key; row++) {
		if (row->kind == LINE_NUMBER) {
			*(int64_t *)member(object, row) = 0;
			continue;
		}
		free(*(char **)member(object, row));
		*(char **)member(object, row) = NULL;
	}
	errno = saved;
}
