/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_glob.c - patterns on relative paths.
 *
 * A pattern becomes parts, and a path is read once while the set of parts that can come next is kept (as grep does it), so that no
 * pattern takes more than parts x characters. What most patterns can be refused by, the characters at their two ends, is compared before.
 */
#include "specs/build_glob.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum glob_kind {
	GLOB_CHARACTER, /* this one */
	GLOB_ANY,       /* one, not "/" */
	GLOB_CLASS,     /* one of some ranges, not "/" */
	GLOB_STAR,      /* any number, no "/" */
	GLOB_FOLDERS,   /* nothing, or anything that ends with "/" */
	GLOB_ALL,       /* anything */
};

struct range {
	uint32_t first, last;
};

struct glob_part {
	enum glob_kind kind;
	uint32_t character;
	bool is_negated;
	struct range *ranges;
	size_t range_count;
};

enum { NO_UTF8 = 0x110000 }; /* a byte that begins no character is this and itself */

/* The character at *at, which moves behind it. */
static uint32_t next_character(const char **at)
{
	const unsigned char *bytes = (const unsigned char *)*at;
	size_t length = bytes[0] < 0x80 ? 1 : utf8_length(bytes, strnlen(*at, 4));
	uint32_t character = bytes[0] + (length ? 0 : NO_UTF8);

	if (length > 1) {
		character = bytes[0] & (0xff >> (length + 1));
		for (size_t i = 1; i < length; i++)
			character = character << 6 | (bytes[i] & 0x3f);
	}
	*at += length ? length : 1;
	return character;
}

static struct glob_part *add_part(struct build_glob *glob, enum glob_kind kind)
{
	struct glob_part *part = alloc_append(&glob->parts, &glob->count, sizeof *glob->parts);

	part->kind = kind;
	return part;
}

/* One end of a range, "\" taken away. False at the end of the pattern, and for what stands for itself nowhere in a class. */
static bool class_character(const char **at, uint32_t *ret)
{
	if (**at == '\\')
		(*at)++;
	else if (**at == '-' || **at == ']')
		return false;
	if (!**at)
		return false;
	*ret = next_character(at);
	return true;
}

/* "[^a-z]", *at behind the "[". */
static bool add_class(struct build_glob *glob, const char **at)
{
	struct glob_part *part = add_part(glob, GLOB_CLASS);

	part->is_negated = **at == '^';
	*at += part->is_negated;
	do {
		struct range *range = alloc_append(&part->ranges, &part->range_count, sizeof *part->ranges);

		if (!class_character(at, &range->first))
			return false;
		range->last = range->first;
		if (**at == '-') {
			(*at)++;
			if (!class_character(at, &range->last))
				return false;
		}
	} while (**at && **at != ']');
	if (!**at)
		return false;
	(*at)++;
	return true;
}

static bool has_wildcard(const char *pattern)
{
	for (; *pattern; pattern++) {
		if (strchr("*?[", *pattern))
			return true;
		if (*pattern == '\\' && pattern[1])
			pattern++;
	}
	return false;
}

/* "*" and "**", *at behind the first star. is_first: nothing stands before it. */
static void add_star(struct build_glob *glob, const char **at, bool deep, bool is_first)
{
	if (!deep || **at != '*') {
		if (!glob->count || glob->parts[glob->count - 1].kind != GLOB_STAR)
			add_part(glob, GLOB_STAR);
		return;
	}
	(*at)++;
	if (**at == '/')
		(*at)++;
	else if (**at && is_first && !has_wildcard(*at)) {
		add_part(glob, GLOB_ALL); /* "**x": whatever ends so, as patternmatcher has it */
		return;
	}
	add_part(glob, **at ? GLOB_FOLDERS : GLOB_ALL);
}

static bool add_parts(struct build_glob *glob, const char *pattern, bool deep)
{
	const char *at = pattern;

	while (*at) {
		char c = *at;

		if (c == '*') {
			at++;
			add_star(glob, &at, deep, at == pattern + 1);
		} else if (c == '?') {
			at++;
			add_part(glob, GLOB_ANY);
		} else if (c == '[') {
			at++;
			if (!add_class(glob, &at))
				return false;
		} else {
			if (c == '\\' && !*++at)
				return false;
			uint32_t character = next_character(&at);

			add_part(glob, GLOB_CHARACTER)->character = character;
		}
	}
	return true;
}

/* The characters of parts first to last as bytes. */
static char *plain_text(const struct build_glob *glob, size_t first, size_t last)
{
	struct text ret = { 0 };

	for (size_t i = first; i < last; i++) {
		uint32_t c = glob->parts[i].character;
		int more = c < 0x80 || c >= NO_UTF8 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

		text_add_char(&ret, (char)(more           ? (0xff00 >> (more + 1) & 0xff) | c >> 6 * more
					   : c >= NO_UTF8 ? c - NO_UTF8
							  : c));
		while (more--)
			text_add_char(&ret, (char)(0x80 | (c >> 6 * more & 0x3f)));
	}
	return text_take(&ret);
}

static void take_ends(struct build_glob *glob)
{
	size_t first = 0, last = glob->count;

	while (first < glob->count && glob->parts[first].kind == GLOB_CHARACTER)
		first++;
	while (last > first && glob->parts[last - 1].kind == GLOB_CHARACTER)
		last--;
	if (first == glob->count) {
		glob->literal = plain_text(glob, 0, first);
		return;
	}
	glob->beginning = plain_text(glob, 0, first);
	glob->ending = plain_text(glob, last, glob->count);
}

int build_glob_compile(const char *pattern, bool deep, struct build_glob *ret, struct error *e)
{
	if (strlen(pattern) > BUILD_GLOB_LIMIT)
		return error_set(e, ERROR_SPEC, "the pattern has %zu bytes, more than %d", strlen(pattern),
				 BUILD_GLOB_LIMIT);
	if (!add_parts(ret, pattern, deep))
		return error_set(e, ERROR_SPEC,
				 "\"%s\" is no pattern: a \"[\" has no \"]\", or nothing follows a backslash", pattern);
	take_ends(ret);
	return 0;
}

/* Parts that can come next; [count] stands for the end of the pattern. */
struct states {
	bool *now, *then;
};

static void reach(const struct build_glob *glob, bool *states, size_t part)
{
	/* A wildcard that may be empty is passed at once; one that is reached already has been. */
	while (!states[part]) {
		states[part] = true;
		if (part == glob->count || glob->parts[part].kind < GLOB_STAR)
			return;
		part++;
	}
}

static bool class_takes(const struct glob_part *part, uint32_t character)
{
	for (size_t i = 0; i < part->range_count; i++)
		if (character >= part->ranges[i].first && character <= part->ranges[i].last)
			return !part->is_negated;
	return part->is_negated;
}

static void step(const struct build_glob *glob, struct states *s, size_t part, uint32_t character)
{
	const struct glob_part *p = &glob->parts[part];

	switch (p->kind) {
	case GLOB_CHARACTER:
		if (p->character == character)
			reach(glob, s->then, part + 1);
		return;
	case GLOB_ANY:
		if (character != '/')
			reach(glob, s->then, part + 1);
		return;
	case GLOB_CLASS:
		if (character != '/' && class_takes(p, character))
			reach(glob, s->then, part + 1);
		return;
	case GLOB_STAR:
		if (character != '/')
			reach(glob, s->then, part);
		return;
	case GLOB_FOLDERS:
		/* Inside a folder's name it has to go on to the next "/": the part alone stays, without what follows it. */
		if (character == '/')
			reach(glob, s->then, part);
		else
			s->then[part] = true;
		return;
	case GLOB_ALL: reach(glob, s->then, part); return;
	}
}

/* Reads path; what can come next is in s->now then. False where nothing can. */
static bool run(const struct build_glob *glob, const char *path, struct states *s)
{
	bool is_alive = true;

	reach(glob, s->now, 0);
	while (*path && is_alive) {
		uint32_t character = next_character(&path);
		bool *last = s->now;

		is_alive = false;
		memset(s->then, 0, glob->count + 1);
		for (size_t i = 0; i < glob->count; i++)
			if (s->now[i])
				step(glob, s, i, character);
		for (size_t i = 0; i <= glob->count && !is_alive; i++)
			is_alive = s->then[i];
		s->now = s->then;
		s->then = last;
	}
	return is_alive;
}

static bool begin(const struct build_glob *glob, struct states *s, bool small[static 2][64])
{
	bool is_small = glob->count < 64;

	s->now = is_small ? small[0] : alloc_zeroed(glob->count + 1, sizeof *s->now);
	s->then = is_small ? small[1] : alloc_zeroed(glob->count + 1, sizeof *s->then);
	return !is_small;
}

static void end(struct states *s)
{
	free(s->now);
	free(s->then);
}

bool build_glob_match(const struct build_glob *glob, const char *path)
{
	bool small[2][64] = { 0 }, is_large, is_match;
	struct states s;

	if (glob->literal)
		return strcmp(glob->literal, path) == 0;
	if (!text_starts(path, glob->beginning) || !text_ends(path, glob->ending))
		return false;
	is_large = begin(glob, &s, small);
	is_match = run(glob, path, &s) && s.now[glob->count];
	if (is_large)
		end(&s);
	return is_match;
}

bool build_glob_leads(const struct build_glob *glob, const char *folder)
{
	bool small[2][64] = { 0 }, is_large, is_alive = false;
	autofree char *below = NULL;
	struct states s;

	if (!*folder || strcmp(folder, ".") == 0)
		return true;
	below = text_format("%s/", folder);
	is_large = begin(glob, &s, small);
	if (run(glob, below, &s))
		for (size_t i = 0; i < glob->count && !is_alive; i++)
			is_alive = s.now[i];
	if (is_large)
		end(&s);
	return is_alive;
}

size_t build_glob_folder(const char *pattern)
{
	size_t folder = 0;

	for (size_t i = 0; pattern[i] && !strchr("*?[\\", pattern[i]); i++)
		if (pattern[i] == '/')
			folder = i + 1;
	return folder;
}

void build_glob_release(struct build_glob *glob)
{
	int saved = errno;

	for (size_t i = 0; i < glob->count; i++)
		free(glob->parts[i].ranges);
	free(glob->parts);
	free(glob->literal);
	free(glob->beginning);
	free(glob->ending);
	*glob = (struct build_glob){ 0 };
	errno = saved;
}
