/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_flags.c - the "--name=value" words of a Dockerfile's instruction.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/alloc.h"
#include "specs/build_file.h"

/* Flags that may come more than once. */
static const char *const several[] = { "mount", "exclude", NULL };
static const char *const booleans[] = { "link", "parents", "keep-git-dir", "unpack", NULL };

static bool is_of(const char *const *names, const char *name, size_t length)
{
	for (; names && *names; names++)
		if (strlen(*names) == length && strncmp(*names, name, length) == 0)
			return true;
	return false;
}

const char *build_flag(const struct list *flags, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < flags->count; i++)
		if (strncmp(flags->items[i] + 2, name, length) == 0) {
			const char *end = flags->items[i] + 2 + length;

			if (!*end || *end == '=')
				return *end ? end + 1 : end;
		}
	return NULL;
}

static const char *nearest(const char *const *names, const char *name)
{
	const char *found = NULL;
	size_t least = 4;

	for (; names && *names; names++) {
		size_t edits = text_distance(*names, name);

		if (edits < least && edits * 2 <= strlen(*names)) {
			least = edits;
			found = *names;
		}
	}
	return found;
}

static int refuse(const struct build_instruction *i, const char *name, const char *const *names, struct error *e)
{
	autorelease(text) struct text known = { 0 };
	const char *near = nearest(names, name);

	error_set(e, ERROR_SPEC, "%s has no flag --%.60s%s%s%s", i->word->word, name, near ? ": did you mean --" : "",
		  near ? near : "", near ? "?" : "");
	for (; names && *names; names++)
		text_addf(&known, "%s--%s", known.length ? ", " : "", *names);
	return known.length ? error_hint(e, "it knows %s", known.data) : -1;
}

int build_flags_check(const struct build_instruction *i, const char *const *names, struct error *e)
{
	for (size_t f = 0; f < i->flags.count; f++) {
		const char *name = i->flags.items[f] + 2;
		size_t length = strcspn(name, "=");
		autofree char *copy = alloc_copy_bytes(name, length);

		if (!is_of(names, name, length))
			return refuse(i, copy, names, e);
		if (!name[length] && !is_of(booleans, name, length)) {
			error_set(e, ERROR_SPEC, "--%s has no value", copy);
			return error_hint(e, "write --%s=VALUE, without a space", copy);
		}
		for (size_t before = 0; before < f && !is_of(several, name, length); before++)
			if (strncmp(i->flags.items[before] + 2, name, length) == 0 &&
			    strcspn(i->flags.items[before] + 2, "=") == length)
				return error_set(e, ERROR_SPEC, "--%s stands here twice", copy);
	}
	return 0;
}

int build_flag_bool(const struct list *flags, const char *name, struct error *e)
{
	const char *value = build_flag(flags, name);

	if (!value || strcmp(value, "false") == 0)
		return 0;
	if (!*value || strcmp(value, "true") == 0)
		return 1;
	return error_set(e, ERROR_SPEC, "--%s is true or false, not \"%s\"", name, value);
}
