/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.c - memory that is always there.
 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char words[] = "box: out of memory\n";

	(void)!write(STDERR_FILENO, words, sizeof words - 1); /* nothing is left to do if it fails */
	_exit(125);
}

void *alloc_zeroed(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *alloc_aligned(size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, size);

	if (!memory)
		out_of_memory();
	return memory;
}

void *alloc_resize(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

char *alloc_copy(const char *text)
{
	return text ? alloc_copy_bytes(text, strlen(text)) : NULL;
}

char *alloc_copy_bytes(const void *bytes, size_t length)
{
	char *copy = alloc_zeroed(length + 1, 1);

	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

void *alloc_append(void *items_pointer, size_t *count, size_t size)
{
	char *items;

	memcpy(&items, items_pointer, sizeof items);
	items = alloc_resize(items, *count + 1, size);
	memset(items + *count * size, 0, size);
	memcpy(items_pointer, &items, sizeof items);
	return items + (*count)++ * size;
}
