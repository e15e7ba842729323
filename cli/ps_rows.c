/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps_rows.c - the lines of box ps.
 */
#include "cli/ps_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "runtime/apps/instances.h"
#include "runtime/box.h"

static const struct instance *find(const struct instances *instances, const char *name)
{
	for (size_t i = 0; i < instances->count; i++)
		if (strcmp(instances->items[i].name, name) == 0)
			return &instances->items[i];
	return NULL;
}

/* Instances lie in the order of levels. */
static int by_place(const void *a, const void *b)
{
	const struct ps_row *one = a, *other = b;

	return (one->instance > other->instance) - (one->instance < other->instance);
}

/* Takes all of the stack from the rows at index on; *ret_taken marks them. How many there are. */
static size_t take_stack(const struct ps_row *rows, size_t count, size_t index, char *taken, struct ps_row *ret)
{
	const char *stack = rows[index].instance->stack;
	size_t found = 0;

	for (size_t i = index; i < count; i++) {
		if (taken[i] || !rows[i].instance || !text_equal(rows[i].instance->stack, stack))
			continue;
		taken[i] = 1;
		ret[found++] = rows[i];
	}
	qsort(ret, found, sizeof *ret, by_place);
	return found;
}

void ps_rows_make(const struct box_info *infos, size_t count, const struct instances *instances, struct ps_row *ret)
{
	struct ps_row *rows = alloc_zeroed(count + 1, sizeof *rows);
	char *taken = alloc_zeroed(count + 1, 1);
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct ps_row){ &infos[i], find(instances, infos[i].name) };
	for (size_t i = 0; i < count; i++) {
		if (taken[i])
			continue;
		if (rows[i].instance && rows[i].instance->stack)
			at += take_stack(rows, count, i, taken, ret + at);
		else
			ret[at++] = rows[i];
	}
	free(taken);
	free(rows);
}

int ps_row_has(const struct ps_row *row, const char *key, const char *value)
{
	return row->instance && text_equal(strcmp(key, "stack") == 0 ? row->instance->stack : row->instance->service, value);
}
