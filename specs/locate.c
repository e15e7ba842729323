/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate.c - the line of a value in JSON text.
 *
 * jansson keeps no positions. The text is known to be well-formed, so a walk along the path needs to understand only
 * strings, brackets and commas. Keys may hold escapes and dots: a key of the text is decoded, then compared with the
 * beginning of the path.
 */
#include "specs/locate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const char *at, *end, *text;
};

/* Of the bytes between texts: those that count. All others only fill. */
enum { FILLS, OPENS, CLOSES, PARTS, QUOTES };

static const unsigned char kinds[256] = {
	['{'] = OPENS, ['['] = OPENS, ['}'] = CLOSES, [']'] = CLOSES, [','] = PARTS, [':'] = PARTS, ['"'] = QUOTES,
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct walk *w)
{
	while (w->at < w->end && is_space(*w->at))
		w->at++;
}

static void skip_text(struct walk *w)
{
	for (w->at++; w->at < w->end && *w->at != '"'; w->at++)
		if (*w->at == '\\')
			w->at++;
	w->at++;
}

/* Over an object or a list, however deep. */
static void skip_nested(struct walk *w)
{
	size_t depth = 0;

	while (w->at < w->end) {
		unsigned char kind = kinds[(unsigned char)*w->at];

		if (kind == QUOTES) {
			skip_text(w);
			continue;
		}
		w->at++;
		if (kind == OPENS)
			depth++;
		else if (kind == CLOSES && --depth == 0)
			return;
	}
}

/* Over one whole value. */
static void skip_value(struct walk *w)
{
	skip_space(w);
	if (w->at >= w->end)
		return;
	switch (kinds[(unsigned char)*w->at]) {
	case QUOTES: skip_text(w); break;
	case OPENS: skip_nested(w); break;
	case FILLS:
		while (w->at < w->end && *w->at && !is_space(*w->at) && kinds[(unsigned char)*w->at] == FILLS)
			w->at++;
		break;
	default: break; /* no value: the caller sees what there is instead */
	}
}

static unsigned hex4(const char *at)
{
	char digits[5] = { at[0], at[1], at[2], at[3], 0 };

	return (unsigned)strtoul(digits, NULL, 16);
}

/* The code point of the "uXXXX" at the walk's place, of both halves where it is a surrogate; the walk goes to its last digit. */
static unsigned read_escape(struct walk *w)
{
	unsigned high = hex4(w->at + 1), low;

	w->at += 4;
	if (high < 0xd800 || high > 0xdbff || w->end - w->at < 7 || w->at[1] != '\\' || w->at[2] != 'u')
		return high;
	low = hex4(w->at + 3);
	w->at += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The key at the walk's place, decoded, into key; the walk goes behind it. Longer keys are cut: they match nothing. */
static size_t read_key(struct walk *w, char *key, size_t size)
{
	static const char escapes[] = "b\bf\fn\nr\rt\t";
	size_t used = 0;

	for (w->at++; w->at < w->end && *w->at != '"'; w->at++) {
		char c = *w->at;

		if (used + 5 >= size)
			continue;
		if (c != '\\') {
			key[used++] = c;
			continue;
		}
		c = *++w->at;
		if (c == 'u' && w->at + 4 < w->end) {
			used += put_utf8(key + used, read_escape(w));
			continue;
		}
		for (size_t i = 0; escapes[i]; i += 2)
			if (escapes[i] == c) {
				c = escapes[i + 1];
				break;
			}
		key[used++] = c;
	}
	w->at++;
	key[used] = '\0';
	return used;
}

/* Whether path begins with this key and ends or goes on behind it. */
static bool is_step(const char *path, const char *key, size_t length)
{
	return strncmp(path, key, length) == 0 && (!path[length] || path[length] == '.' || path[length] == '[');
}

/* Into the value of the key that path begins with: its length in path, or 0. *ret_key is where the key stands. */
static size_t enter_object(struct walk *w, const char *path, const char **ret_key)
{
	struct walk best = *w;
	size_t longest = 0;
	char key[512];

	w->at++;
	for (;;) {
		const char *start;
		size_t length;

		skip_space(w);
		if (w->at >= w->end || *w->at != '"')
			break;
		start = w->at;
		length = read_key(w, key, sizeof key);
		skip_space(w);
		w->at++; /* the colon */
		skip_space(w);
		/* A key with dots in it may match further than a plain one. */
		if (length > longest && is_step(path, key, length)) {
			longest = length;
			best = *w;
			*ret_key = start;
			if (!path[longest])
				break; /* no other can match further */
		}
		skip_value(w);
		skip_space(w);
		if (w->at >= w->end || *w->at != ',')
			break;
		w->at++;
	}
	*w = best;
	return longest;
}

/* To item number index of the array; false where it has fewer. */
static bool enter_array(struct walk *w, size_t index)
{
	w->at++;
	for (size_t i = 0;; i++) {
		skip_space(w);
		if (w->at >= w->end || *w->at == ']')
			return false;
		if (i == index)
			return true;
		skip_value(w);
		skip_space(w);
		if (w->at < w->end && *w->at == ',')
			w->at++;
	}
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* As far along the path as it leads: what is left of it. The walk stands at the value, *ret_found at its key or its place in an array. */
static const char *follow(struct walk *w, const char *path, const char **ret_found)
{
	skip_space(w);
	*ret_found = w->at;
	while (*path && w->at < w->end) {
		if (*path == '.')
			path++;
		if (*path == '[' && *w->at == '[') {
			char *behind;
			size_t index = strtoul(path + 1, &behind, 10);

			if (!enter_array(w, index))
				break;
			*ret_found = w->at;
			path = *behind ? behind + 1 : behind;
		} else {
			size_t step = *w->at == '{' ? enter_object(w, path, ret_found) : 0;

			if (!step)
				break;
			path += step;
		}
	}
	return path;
}

static int locate(const char *text, size_t length, const char *path, bool is_exact)
{
	struct walk w = { .at = text, .end = text + length, .text = text };
	const char *found;

	if (!*path)
		return 0;
	path = follow(&w, path, &found);
	return is_exact && *path ? 0 : line_of(text, found);
}

bool locate_value(const char *text, size_t length, const char *path, size_t *ret_start, size_t *ret_length)
{
	struct walk w = { .at = text, .end = text + length, .text = text };
	const char *key;

	if (*follow(&w, path, &key))
		return false;
	*ret_start = (size_t)(w.at - text);
	if (!ret_length)
		return w.at <= w.end;
	skip_value(&w);
	*ret_length = (size_t)(w.at - text) - *ret_start;
	return w.at <= w.end;
}

int locate_line(const char *text, size_t length, const char *path)
{
	return locate(text, length, path, /* is_exact= */ false);
}

int locate_exact(const char *text, size_t length, const char *path)
{
	return locate(text, length, path, /* is_exact= */ true);
}
