/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_ignore.c - what of a context no build sees.
 */
#include "specs/build_ignore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/build_path.h"

/* One rule as it is written, without the spaces around it; nothing for an empty one. */
static int add_rule(struct build_ignore *ret, const char *written, struct error *e)
{
	autofree char *clean = NULL;
	struct build_ignore_rule *rule;
	bool is_shown = *written == '!';

	written += is_shown;
	written += strspn(written, " \t");
	if (!*written)
		return is_shown ? error_set(e, ERROR_SPEC, "\"!\" shows nothing: a pattern has to follow it") : 0;
	if (ret->count == BUILD_IGNORE_RULES)
		return error_set(e, ERROR_SPEC, "there are more than %d patterns", BUILD_IGNORE_RULES);
	clean = build_path_relative(written);
	rule = alloc_append(&ret->rules, &ret->count, sizeof *ret->rules);
	rule->is_shown = is_shown;
	return build_glob_compile(clean, true, &rule->glob, e);
}

int build_ignore_add(struct build_ignore *ret, const struct list *patterns, struct error *e)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (add_rule(ret, patterns->items[i], e))
			return -1;
	return 0;
}

int build_ignore_parse(const char *text, size_t length, const char *name, struct build_ignore *ret, struct error *e)
{
	const char *at = text, *last = text + length;

	if (length > BUILD_IGNORE_LIMIT)
		return error_set(e, ERROR_SPEC, "%s has %zu bytes, more than %d", name, length, BUILD_IGNORE_LIMIT);
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	for (size_t line = 1; at < last; line++) {
		const char *newline = memchr(at, '\n', (size_t)(last - at)), *to = newline ? newline : last, *from = at;
		autofree char *rule = NULL;

		at = newline ? newline + 1 : last;
		if (*from == '#')
			continue;
		while (from < to && strchr(" \t\r\v\f", *from))
			from++;
		while (to > from && strchr(" \t\r\v\f", to[-1]))
			to--;
		rule = alloc_copy_bytes(from, (size_t)(to - from));
		if (strlen(rule) != (size_t)(to - from))
			error_set(e, ERROR_SPEC, "a pattern has a zero byte");
		else if (add_rule(ret, rule, e) == 0)
			continue;
		return error_in(e, "%s:%zu", name, line);
	}
	return 0;
}

/* Whether the rule takes path or a folder above it. */
static bool takes(const struct build_ignore_rule *rule, const char *path)
{
	autofree char *part = NULL;

	if (build_glob_match(&rule->glob, path))
		return true;
	/* A folder above can only be taken where the characters that the pattern begins with are the path's. */
	if (!strchr(path, '/') || !text_starts(path, rule->glob.literal ? rule->glob.literal : rule->glob.beginning))
		return false;
	part = alloc_copy(path);
	for (char *slash = strrchr(part, '/'); slash; slash = strrchr(part, '/')) {
		*slash = '\0';
		if (build_glob_match(&rule->glob, part))
			return true;
	}
	return false;
}

bool build_ignore_hides(const struct build_ignore *ignore, const char *path)
{
	bool is_hidden = false;

	for (size_t i = 0; i < ignore->count; i++) {
		const struct build_ignore_rule *rule = &ignore->rules[i];

		if (rule->is_shown == is_hidden && takes(rule, path))
			is_hidden = !rule->is_shown;
	}
	return is_hidden;
}

bool build_ignore_enters(const struct build_ignore *ignore, const char *folder)
{
	for (size_t i = 0; i < ignore->count; i++)
		if (ignore->rules[i].is_shown && build_glob_leads(&ignore->rules[i].glob, folder))
			return true;
	return false;
}

void build_ignore_release(struct build_ignore *ignore)
{
	int saved = errno;

	for (size_t i = 0; i < ignore->count; i++)
		build_glob_release(&ignore->rules[i].glob);
	free(ignore->rules);
	*ignore = (struct build_ignore){ 0 };
	errno = saved;
}
