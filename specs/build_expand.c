/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_expand.c - variables and quotes in the words of a Dockerfile.
 *
 *     $x ${x}   ${x:-word} ${x-word}   ${x:+word} ${x+word}   ${x:?words} ${x?words}
 *     ${x#pattern} ${x##pattern}   ${x%pattern} ${x%%pattern}   ${x/pattern/word} ${x//pattern/word}
 *
 * A word may hold variables itself. Patterns know "*", "?" and "\". As in a shell, '…' keeps everything, and "…" keeps spaces. All
 * that is
 * made, and every comparison of a pattern, is taken from a budget, so that no file can make box work without end.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

enum { DEEPEST = 32 };

struct scan {
	const struct build_expand *x;
	const char *at;
	int depth;
	struct error *e;
};

/* What has been made: one text, and the same cut into words. */
struct made {
	struct text all, word;
	struct list *words; /* NULL: nobody wants them */
	bool in_word;
};

static int spend(struct scan *s, size_t amount)
{
	if (amount > *s->x->budget)
		return error_set(s->e, ERROR_SPEC, "the variables of this stage make more text than box takes (%d MiB)",
				 BUILD_EXPANDED_LIMIT >> 20);
	*s->x->budget -= amount;
	return 0;
}

static void end_word(struct made *m)
{
	if (m->words && m->in_word)
		list_take(m->words, text_take(&m->word));
	m->in_word = false;
}

/* is_kept: it stood in quotes or was escaped, and spaces in it separate nothing. */
static int add(struct scan *s, struct made *m, const char *bytes, size_t length, bool is_kept)
{
	if (spend(s, length))
		return -1;
	text_add_bytes(&m->all, bytes, length);
	if (!m->words)
		return 0;
	m->in_word |= is_kept;
	for (size_t i = 0; i < length; i++) {
		if (!is_kept && strchr(" \t\n\r\v\f", bytes[i])) {
			end_word(m);
			continue;
		}
		m->in_word = true;
		text_add_char(&m->word, bytes[i]);
	}
	return 0;
}

/* ---- patterns ---- */

/* A pattern's next element: '*', '?' or a literal byte with is_literal. */
struct element {
	char byte;
	bool is_literal;
};

struct pattern {
	struct element *elements;
	size_t count;
};

static int read_pattern(struct scan *s, const char *text, struct pattern *ret)
{
	for (; *text; text++) {
		struct element *element = alloc_append(&ret->elements, &ret->count, sizeof *ret->elements);

		element->is_literal = *text != '*' && *text != '?';
		if (*text == '\\' && text[1])
			text++;
		element->byte = *text;
	}
	return spend(s, ret->count);
}

/* How many bytes of text, from its start, the pattern can take: the fewest or the most; SIZE_MAX: none. backwards: from its end. */
static size_t take(struct scan *s, const struct pattern *p, const char *text, size_t length, bool most, bool backwards)
{
	bool *now = alloc_zeroed(p->count + 1, sizeof *now), is_alive = true;
	size_t found = SIZE_MAX;

	now[0] = true;
	for (size_t n = 0; is_alive && spend(s, 1 + p->count / 8) == 0; n++) {
		char c = n < length ? text[backwards ? length - 1 - n : n] : '\0';

		for (size_t i = 0; i < p->count; i++) /* stars may be empty */
			if (now[i] && !p->elements[backwards ? p->count - 1 - i : i].is_literal &&
			    p->elements[backwards ? p->count - 1 - i : i].byte == '*')
				now[i + 1] = true;
		if (now[p->count]) {
			found = n;
			if (!most)
				break;
		}
		is_alive = false;
		for (size_t i = p->count + 1; i-- > 0 && n < length;) {
			const struct element *last = i ? &p->elements[backwards ? p->count - i : i - 1] : NULL;
			const struct element *here =
				i < p->count ? &p->elements[backwards ? p->count - 1 - i : i] : NULL;
			bool stays = now[i] && here && !here->is_literal && here->byte == '*';
			bool moves = i && now[i - 1] && (last->is_literal ? last->byte == c : last->byte == '?');

			now[i] = stays || moves;
			is_alive |= now[i];
		}
	}
	free(now);
	return found;
}

/* Moves an end to where a character begins: "?" of the pattern takes bytes. */
static bool is_boundary(const char *value, size_t at)
{
	return ((unsigned char)value[at] & 0xc0) != 0x80;
}

static char *cut(struct scan *s, const char *value, const char *pattern, char kind)
{
	struct pattern p = { 0 };
	size_t length = strlen(value), taken;
	bool most = *pattern == kind;
	char *ret = NULL;

	if (read_pattern(s, pattern + most, &p) == 0) {
		taken = take(s, &p, value, length, most, kind == '%');
		if (taken == SIZE_MAX)
			taken = 0;
		while (taken && !is_boundary(value, kind == '%' ? length - taken : taken))
			taken--;
		ret = kind == '%' ? alloc_copy_bytes(value, length - taken) : alloc_copy(value + taken);
	}
	free(p.elements);
	return ret;
}

static char *replace(struct scan *s, const char *value, const char *pattern, const char *by, bool every)
{
	struct pattern p = { 0 };
	struct text ret = { 0 };
	size_t length = strlen(value), at = 0;
	bool is_done = false;

	(void)read_pattern(s, pattern, &p);
	while (at < length && s->e->kind == ERROR_NONE) {
		size_t taken = p.count && !is_done ? take(s, &p, value + at, length - at, true, false) : SIZE_MAX;

		if (taken == SIZE_MAX || !taken || !is_boundary(value, at + taken)) {
			text_add_char(&ret, value[at++]);
			continue;
		}
		if (spend(s, strlen(by)))
			break;
		text_add(&ret, by);
		at += taken;
		is_done = !every;
	}
	free(p.elements);
	return text_take(&ret);
}

/* ---- words ---- */

static int scan_until(struct scan *s, char stop, bool keep_escapes, struct made *m);

static char *read_name(struct scan *s)
{
	const char *from = s->at;

	if (isdigit((unsigned char)*s->at))
		while (isdigit((unsigned char)*s->at))
			s->at++;
	else if (*s->at && strchr("@*#?-$!", *s->at))
		s->at++;
	else
		while (isalnum((unsigned char)*s->at) || *s->at == '_')
			s->at++;
	return alloc_copy_bytes(from, (size_t)(s->at - from));
}

/* The word up to stop, which is left behind. NULL and e without one. */
static char *read_word(struct scan *s, char stop, bool keep_escapes)
{
	struct made m = { 0 };

	if (++s->depth > DEEPEST)
		error_set(s->e, ERROR_SPEC, "${ stands inside ${ more than %d times", DEEPEST);
	else if (scan_until(s, stop, keep_escapes, &m) == 0 && *s->at == stop) {
		s->at++;
		s->depth--;
		return text_take(&m.all);
	} else if (s->e->kind == ERROR_NONE)
		error_set(s->e, ERROR_SPEC, "\"${\" has no \"%c\"", stop);
	text_release(&m.all);
	return NULL;
}

/* "${x:-word}": what is behind the name and its modifier. value is NULL where x is not set. */
static char *apply_word(struct scan *s, const char *name, char modifier, bool or_empty, const char *value)
{
	autofree char *word = read_word(s, '}', modifier == '#' || modifier == '%');
	bool is_set = value && (!or_empty || *value);

	if (!word)
		return NULL;
	switch (modifier) {
	case '-': return alloc_copy(is_set ? value : word);
	case '+': return alloc_copy(is_set ? word : "");
	case '?':
		if (is_set)
			return alloc_copy(value);
		error_set(s->e, ERROR_SPEC, "%s: %s", name,
			  *word   ? word
			  : value ? "it may not be empty"
				  : "it has to be set");
		return NULL;
	default: return cut(s, value ? value : "", word, modifier);
	}
}

static char *apply_replace(struct scan *s, const char *value)
{
	bool every = *s->at == '/';
	autofree char *pattern = NULL, *by = NULL;

	s->at += every;
	pattern = read_word(s, '/', true);
	by = pattern ? read_word(s, '}', false) : NULL;
	return by ? replace(s, value ? value : "", pattern, by, every) : NULL;
}

/* What stands for the "$" at s->at: new, or NULL and e. */
static char *read_dollar(struct scan *s)
{
	autofree char *name = NULL;
	const char *value;
	char modifier;

	s->at++;
	if (*s->at != '{') {
		name = read_name(s);
		value = list_env_get(s->x->scope, name);
		return alloc_copy(!*name ? "$" : value ? value : "");
	}
	s->at++;
	name = read_name(s);
	value = list_env_get(s->x->scope, name);
	modifier = *s->at;
	if (!*name || !modifier) {
		error_set(s->e, ERROR_SPEC,
			  modifier ? "\"${\" has no name of a variable behind it" : "\"${\" has no \"}\"");
		return NULL;
	}
	s->at++;
	if (modifier == '}')
		return alloc_copy(value ? value : "");
	if (modifier == '/')
		return apply_replace(s, value);
	if (modifier == ':' && *s->at && strchr("-+?", *s->at))
		return apply_word(s, name, *s->at++, true, value);
	if (strchr("-+?#%", modifier))
		return apply_word(s, name, modifier, false, value);
	error_set(s->e, ERROR_SPEC, "\"${%s%c\" is no form that Dockerfiles have", name, modifier);
	error_hint(s->e,
		   "known are ${x:-word}, ${x:+word}, ${x:?word}, ${x#pattern}, ${x%%pattern} and ${x/pattern/word}");
	return NULL;
}

static int scan_dollar(struct scan *s, struct made *m, bool is_kept)
{
	autofree char *value = read_dollar(s);

	return value ? add(s, m, value, strlen(value), is_kept) : -1;
}

static int scan_single(struct scan *s, struct made *m)
{
	const char *end = strchr(s->at + 1, '\'');

	if (!end)
		return error_set(s->e, ERROR_SPEC, "a single quote has no other one");
	if (add(s, m, s->at + 1, (size_t)(end - s->at - 1), true))
		return -1;
	s->at = end + 1;
	return 0;
}

static int scan_double(struct scan *s, bool keep_escapes, struct made *m)
{
	m->in_word = true;
	for (s->at++; *s->at != '"';) {
		if (!*s->at)
			return error_set(s->e, ERROR_SPEC, "a double quote has no other one");
		if (*s->at == '$') {
			if (scan_dollar(s, m, true))
				return -1;
			continue;
		}
		if (*s->at == s->x->escape && s->at[1] &&
		    (s->at[1] == '"' || s->at[1] == '$' || s->at[1] == s->x->escape)) {
			if (keep_escapes && add(s, m, s->at, 1, true))
				return -1;
			s->at++;
		}
		if (add(s, m, s->at++, 1, true))
			return -1;
	}
	s->at++;
	return 0;
}

/* Reads up to stop (0: the end), which is not taken. */
static int scan_until(struct scan *s, char stop, bool keep_escapes, struct made *m)
{
	while (*s->at && *s->at != stop) {
		int result;

		if (*s->at == '$')
			result = scan_dollar(s, m, false);
		else if (*s->at == '\'' && !s->x->keep_quotes)
			result = scan_single(s, m);
		else if (*s->at == '"' && !s->x->keep_quotes)
			result = scan_double(s, keep_escapes, m);
		else if (*s->at == s->x->escape) {
			result = keep_escapes && s->at[1] != stop ? add(s, m, s->at, 1, true) : 0;
			s->at++;
			if (*s->at && result == 0)
				result = add(s, m, s->at++, 1, true);
		} else
			result = add(s, m, s->at++, 1, false);
		if (result)
			return -1;
	}
	return 0;
}

char *build_expand(const struct build_expand *x, const char *word, struct error *e)
{
	struct scan s = { .x = x, .at = word, .e = e };
	struct made m = { 0 };

	if (scan_until(&s, '\0', false, &m) == 0)
		return text_take(&m.all);
	text_release(&m.all);
	return NULL;
}

int build_expand_words(const struct build_expand *x, const char *word, struct list *ret, struct error *e)
{
	struct scan s = { .x = x, .at = word, .e = e };
	struct made m = { .words = ret };
	int result = scan_until(&s, '\0', false, &m);

	if (result == 0)
		end_word(&m);
	text_release(&m.all);
	text_release(&m.word);
	return result;
}
