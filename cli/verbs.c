/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs.c - a command that is a group of verbs on named objects.
 */
#include "cli/verbs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "specs/image_story.h"

static int run(const struct call *call, const struct verb *verbs, const void *options, const struct list *words, struct text *ret,
	       struct error *e)
{
	const struct list names = { words->items + (words->count > 0), words->count ? words->count - 1 : 0 };
	const char *word = words->count ? words->items[0] : NULL, *group = call->command->name;
	autorelease(text) struct text known = { 0 };

	for (size_t i = 0; verbs[i].name; i++) {
		text_addf(&known, "%s%s", i == 0 ? "" : verbs[i + 1].name ? ", " : " or ", verbs[i].name);
		if (!word || strcmp(verbs[i].name, word) != 0)
			continue;
		if (names.count < verbs[i].least || names.count > verbs[i].most)
			return error_set(e, ERROR_USAGE, "%s %s: expected %s", group, word, *verbs[i].operands ? verbs[i].operands : "no operand");
		if (verbs[i].kind == VERB_TELLS)
			audit_drop(call->audit);
		return verbs[i].act(call, options, &names, ret, e);
	}
	return error_set(e, ERROR_USAGE, "%s: expected %s", group, known.data);
}

int verbs_run(const struct call *call, const struct option_row *rows, const struct verb *verbs, void *options)
{
	autorelease(list) struct list words = { 0 };
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 }, later = { 0 };
	int result = options_parse(rows, OPERANDS_ANYWHERE, call->argv, options, &words, NULL, &e);

	if (result == 0)
		result = run(call, verbs, options, &words, &out, &e);
	/* What was done before a failure is told as well. */
	if (report_text(&out, &later))
		return report_failure(&later);
	return result ? report_failure(&e) : 0;
}

int verb_list_check(const struct verb_list_options *options, struct error *e)
{
	static const char *const forms[] = { "table", "json", NULL };

	return options_one_of("format", options->format, forms, e);
}

static void list_json(const struct verb_listing *listing, const char *objects, size_t count, struct text *ret)
{
	text_add_char(ret, '[');
	for (size_t i = 0; i < count; i++) {
		text_add(ret, i ? ",\n  {" : "\n  {");
		listing->add_members(objects + i * listing->size, ret);
		text_add_char(ret, '}');
	}
	text_add(ret, count ? "\n]\n" : "]\n");
}

void verb_list(const struct verb_listing *listing, const struct verb_list_options *options, const void *objects, size_t count,
	       struct text *ret)
{
	autorelease(list) struct list cells = { 0 };
	const char *object = objects;

	if (options->quiet) {
		for (size_t i = 0; i < count; i++)
			text_addf(ret, "%s\n", listing->name(object + i * listing->size));
		return;
	}
	if (text_equal(options->format, "json")) {
		list_json(listing, object, count, ret);
		return;
	}
	for (size_t i = 0; i < listing->columns; i++)
		list_add(&cells, listing->heads[i]);
	for (size_t i = 0; i < count; i++)
		listing->add_cells(object + i * listing->size, &cells);
	report_table(&cells, listing->columns, options->no_trunc ? 0 : report_width(), ret);
}

int verb_remove(const struct call *call, const struct list *names, bool is_forced,
		int (*remove)(const struct places *places, const char *name, struct error *e), struct text *ret, struct error *e)
{
	int result = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct error here = { 0 };

		audit_object(call->audit, names->items[i]);
		if (remove(call->places, names->items[i], &here) == 0) {
			text_addf(ret, "%s\n", names->items[i]);
		} else if (!is_forced || here.kind != ERROR_MISSING) {
			if (result)
				report_error(NULL, NULL, e);
			*e = here;
			result = -1;
		}
	}
	return result;
}

int verb_inspect(const struct call *call, const struct list *names, const char *what,
		 int (*inspect)(const struct places *places, const char *name, struct text *ret, struct error *e), struct text *ret,
		 struct error *e)
{
	autorelease(text) struct text json = { 0 };

	text_add_char(&json, '[');
	for (size_t i = 0; i < names->count; i++) {
		text_add(&json, i ? "," : "");
		if (inspect(call->places, names->items[i], &json, e))
			return -1;
	}
	text_add_char(&json, ']');
	if (image_json_print(json.data, json.length, what, ret, e))
		return -1;
	text_add_char(ret, '\n');
	return 0;
}
