/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - growable text and lists of texts.
 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { DISTANCE_LIMIT = 60 };

void text_release(struct text *text)
{
	int saved = errno;

	free(text->data);
	*text = (struct text){ 0 };
	errno = saved;
}

static void reserve(struct text *text, size_t more)
{
	size_t need = text->length + more + 1;
	size_t capacity = text->capacity ? text->capacity : 64;

	if (need <= text->capacity)
		return;
	while (capacity < need)
		capacity *= 2;
	text->data = alloc_resize(text->data, capacity, 1);
	text->capacity = capacity;
}

char *text_reserve(struct text *text, size_t more)
{
	reserve(text, more);
	text->data[text->length] = '\0';
	return text->data + text->length;
}

void text_grow(struct text *text, size_t more)
{
	text->length += more;
	text->data[text->length] = '\0';
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
	reserve(text, length);
	if (length)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
	text_add_bytes(text, more, strlen(more));
}

void text_add_char(struct text *text, char c)
{
	text_add_bytes(text, &c, 1);
}

__attribute__((format(printf, 2, 0))) static void add_formatted(struct text *text, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return;
	reserve(text, (size_t)length);
	(void)vsnprintf(text->data + text->length, (size_t)length + 1, format, args); /* the size was just asked for */
	text->length += (size_t)length;
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_formatted(text, format, args);
	va_end(args);
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->data)
		text->data[0] = '\0';
}

char *text_take(struct text *text)
{
	char *taken = text->data ? text->data : alloc_copy("");

	*text = (struct text){ 0 };
	return taken;
}

char *text_format(const char *format, ...)
{
	struct text text = { 0 };
	va_list args;

	va_start(args, format);
	add_formatted(&text, format, args);
	va_end(args);
	return text_take(&text);
}

size_t utf8_length(const unsigned char *bytes, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc0 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : bytes[0] < 0xf8 ? 4 : 0;
	uint32_t code = length > 1 ? bytes[0] & (0xffU >> (length + 1)) : bytes[0];

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

/* Whether a character of more than one byte changes how a terminal shows what is around it: C1 controls (U+0080 to U+009F); U+200E, U+200F,
 * U+202A to U+202E and U+2066 to U+2069 turn the direction of writing; U+2028 and U+2029 end a line. */
bool utf8_is_control(const unsigned char *bytes)
{
	if (bytes[0] == 0xc2)
		return bytes[1] < 0xa0;
	if (bytes[0] != 0xe2)
		return false;
	return (bytes[1] == 0x80 && (bytes[2] == 0x8e || bytes[2] == 0x8f || (bytes[2] >= 0xa8 && bytes[2] <= 0xae))) ||
	       (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
}

void text_add_escaped(struct text *text, const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes;

	for (size_t i = 0, step; i < length; i += step) {
		step = utf8_length(at + i, length - i);
		if (step == 1 ? at[i] >= 0x20 && at[i] != 0x7f : step && !utf8_is_control(at + i)) {
			text_add_bytes(text, at + i, step);
			continue;
		}
		step = 1;
		if (at[i] == '\n')
			text_add(text, "\\n");
		else if (at[i] == '\t')
			text_add(text, "\\t");
		else
			text_addf(text, "\\x%02x", at[i]);
	}
}

void list_release(struct list *list)
{
	int saved = errno;

	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct list){ 0 };
	errno = saved;
}

void list_take(struct list *list, char *item)
{
	/* There is always room for the next power of two above count; only this function allocates. */
	if (((list->count + 1) & list->count) == 0)
		list->items = alloc_resize(list->items, 2 * (list->count + 1), sizeof *list->items);
	list->items[list->count++] = item;
	list->items[list->count] = NULL;
}

void list_add(struct list *list, const char *item)
{
	list_take(list, alloc_copy(item));
}

void list_addf(struct list *list, const char *format, ...)
{
	struct text text = { 0 };
	va_list args;

	va_start(args, format);
	add_formatted(&text, format, args);
	va_end(args);
	list_take(list, text_take(&text));
}

void list_copy(struct list *to, const struct list *from)
{
	list_release(to);
	for (size_t i = 0; i < from->count; i++)
		list_add(to, from->items[i]);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, compare_items);
}

bool list_has(const struct list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

static size_t env_index(const struct list *list, const char *key)
{
	size_t length = strlen(key);
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strncmp(list->items[i], key, length) == 0 && list->items[i][length] == '=')
			break;
	return i;
}

const char *list_env_get(const struct list *list, const char *key)
{
	size_t i = env_index(list, key);

	return i < list->count ? list->items[i] + strlen(key) + 1 : NULL;
}

void list_env_set(struct list *list, const char *key, const char *value)
{
	size_t i = env_index(list, key);
	char *item = text_format("%s=%s", key, value);

	if (i == list->count) {
		list_take(list, item);
		return;
	}
	free(list->items[i]);
	list->items[i] = item;
}

bool list_env_put(struct list *list, const char *item)
{
	const char *equals = strchr(item, '=');
	char *key;

	if (!equals || equals == item)
		return false;
	key = alloc_copy_bytes(item, (size_t)(equals - item));
	list_env_set(list, key, equals + 1);
	free(key);
	return true;
}

bool text_starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool text_ends(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

size_t text_distance(const char *a, const char *b)
{
	size_t row[DISTANCE_LIMIT + 1], length = strlen(b);

	if (strlen(a) > DISTANCE_LIMIT || length > DISTANCE_LIMIT)
		return DISTANCE_LIMIT;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t best = corner + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

uint32_t text_hash(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (uint32_t)((uint64_t)(hash ^ (unsigned char)*text) * 16777619U);
	return hash;
}
