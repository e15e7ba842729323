/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_apply_env.c - ARG, ENV and LABEL: "key=value" words.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "specs/build_file.h"

enum { ITEMS = 4096 };

bool build_arg_is_predefined(const char *name)
{
	static const char *const known[] = { "HTTP_PROXY",
					     "HTTPS_PROXY",
					     "FTP_PROXY",
					     "NO_PROXY",
					     "ALL_PROXY",
					     "SOURCE_DATE_EPOCH",
					     "BUILDKIT_INLINE_CACHE",
					     "BUILDKIT_SYNTAX",
					     "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
					     "BUILDKIT_MULTI_PLATFORM",
					     "BUILDKIT_SANDBOX_HOSTNAME" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcasecmp(known[i], name) == 0)
			return true;
	return text_starts(name, "TARGET") || text_starts(name, "BUILDPLATFORM");
}

static void warn_old_form(struct build_resolve *r)
{
	/* Once is enough: who wrote it so once did it everywhere. */
	if (!r->stage->warnings.count)
		list_addf(&r->stage->warnings, "%s:%jd: \"%s key value\" is the old form; write %s key=value",
			  r->file->name, (intmax_t)r->at->line, r->at->word->word, r->at->word->word);
}

/* "KEY value with spaces", or NULL and e. */
static int split_old(struct build_resolve *r, struct list *ret, struct error *e)
{
	const char *rest = r->at->rest;
	size_t length = strcspn(rest, " \t\v\f\r");
	const char *value = rest + length + strspn(rest + length, " \t\v\f\r");

	if (!*value) {
		error_set(e, ERROR_SPEC, "\"%.60s\" has no value", rest);
		return error_hint(e, "write %s %.60s=value", r->at->word->word, rest);
	}
	warn_old_form(r);
	list_take(ret, alloc_copy_bytes(rest, length));
	list_add(ret, value);
	return 0;
}

/* Keys and values in turn, expanded with the variables that stood before the instruction. */
static int read_pairs(struct build_resolve *r, struct list *ret, struct error *e)
{
	autorelease(list) struct list words = { 0 }, parts = { 0 };

	build_parts_quoted(r->at->rest, r->file->escape, &words);
	if (!words.count)
		return error_set(e, ERROR_SPEC, "nothing stands behind it");
	if (words.count > ITEMS)
		return error_set(e, ERROR_SPEC, "more than %d values", ITEMS);
	if (!strchr(words.items[0], '=')) {
		if (split_old(r, &parts, e))
			return -1;
	} else {
		for (size_t i = 0; i < words.count; i++) {
			char *equals = strchr(words.items[i], '=');

			if (!equals) {
				error_set(e, ERROR_SPEC, "\"%.60s\" has no \"=\"", words.items[i]);
				return error_hint(e, "a value with spaces stands in double quotes");
			}
			list_take(&parts, alloc_copy_bytes(words.items[i], (size_t)(equals - words.items[i])));
			list_add(&parts, equals + 1);
		}
	}
	for (size_t i = 0; i < parts.count; i++) {
		char *expanded = build_resolve_word(r, parts.items[i], e);

		if (!expanded)
			return -1;
		list_take(ret, expanded);
		if (i % 2 == 0 && !*expanded)
			return error_set(e, ERROR_SPEC, "a name is empty");
		if (i % 2 == 0 && strchr(expanded, '='))
			return error_set(e, ERROR_SPEC, "the name \"%.60s\" has a \"=\"", expanded);
	}
	return 0;
}

/* "ENV a=b c="d e"": as Docker's history has it. */
static char *pairs_history(const char *word, const struct list *pairs)
{
	struct text ret = { 0 };

	text_add(&ret, word);
	for (size_t i = 0; i < pairs->count; i += 2)
		text_addf(&ret, " %s=%s", pairs->items[i], pairs->items[i + 1]);
	return text_take(&ret);
}

int build_apply_env(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list pairs = { 0 };

	if (read_pairs(r, &pairs, e))
		return -1;
	for (size_t i = 0; i < pairs.count; i += 2) {
		list_env_set(&r->stage->config.env, pairs.items[i], pairs.items[i + 1]);
		list_env_set(&r->scope, pairs.items[i], pairs.items[i + 1]);
	}
	build_resolve_history(r, pairs_history("ENV", &pairs));
	return 0;
}

int build_apply_label(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list pairs = { 0 };

	if (read_pairs(r, &pairs, e))
		return -1;
	for (size_t i = 0; i < pairs.count; i += 2)
		list_env_set(&r->stage->config.labels, pairs.items[i], pairs.items[i + 1]);
	build_resolve_history(r, pairs_history("LABEL", &pairs));
	return 0;
}

/* One build argument: the caller's value, else the default, else that of the file's beginning. */
static int declare(struct build_resolve *r, const char *word, struct error *e)
{
	const char *equals = strchr(word, '=');
	autofree char *written = alloc_copy_bytes(word, strcspn(word, "=")), *name = build_resolve_word(r, written, e),
		      *value = NULL;
	const char *given, *global;

	if (!name)
		return -1;
	if (!*name)
		return error_set(e, ERROR_SPEC, "a name is empty");
	given = list_env_get(&r->file->args, name);
	global = list_env_get(&r->file->global, name);
	if (given)
		value = alloc_copy(given);
	else if (equals && !(value = build_resolve_word(r, equals + 1, e)))
		return -1;
	else if (!equals && global)
		value = alloc_copy(global);
	if (value)
		list_env_set(&r->scope, name, value);
	if (!list_has(&r->arguments, name))
		list_add(&r->arguments, name);
	return 0;
}

int build_apply_arg(struct build_resolve *r, struct error *e)
{
	autorelease(list) struct list words = { 0 };

	build_parts_quoted(r->at->rest, r->file->escape, &words);
	if (!words.count)
		return error_set(e, ERROR_SPEC, "it has no name behind it");
	for (size_t i = 0; i < words.count; i++)
		if (declare(r, words.items[i], e))
			return -1;
	/* As it is written: what a caller gave stays out of the image. */
	build_resolve_history(r, text_format("ARG %s", r->at->rest));
	return 0;
}
