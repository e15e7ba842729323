/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_story.c - why an app ended, in words.
 */
#include "cli/exit_story.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/exits/exit_record.h"
#include "specs/app.h"
#include "specs/stack.h"

/* The file may have changed since, or be gone: then the field alone has to do. */
static struct stack *load_spec(const struct exit_record *record)
{
	struct stack *stack = NULL;
	struct error ignored = { 0 };

	return record->spec_file && stack_load(record->spec_file, &(struct app_options){ 0 }, &stack, &ignored) == 0 ? stack : NULL;
}

/* "shop-web-2.3" is of the service shop-web. */
static const struct app *find_app(const struct stack *stack, const char *instance)
{
	const struct stack_service *found = NULL;

	for (size_t i = 0; i < stack->count; i++) {
		const struct stack_service *service = &stack->services[i];

		if (text_starts(instance, service->full) && (!found || strlen(found->full) < strlen(service->full)))
			found = service;
	}
	return found ? found->app : stack->name ? NULL : stack->services[0].app;
}

static void add_field(const struct exit_record *record, const struct app *app, const char *field, struct text *ret)
{
	int line = app ? app_error_line(app, field) : 0;
	const char *prefix = app ? app_prefix(app) : NULL;

	text_add(ret, "    see ");
	if (record->spec_file)
		text_add_escaped(ret, record->spec_file, strlen(record->spec_file));
	if (line)
		text_addf(ret, ":%d", line);
	text_addf(ret, "%s%s%s%s\n", record->spec_file ? ": " : "", prefix ? prefix : "", prefix ? "." : "", field);
}

static void add_reasons(const struct exit_record *record, struct text *ret)
{
	struct exit_reasons reasons = { 0 };
	struct stack *stack = load_spec(record);
	const struct app *app = stack ? find_app(stack, record->name) : NULL;

	exit_record_reasons(record, &reasons);
	for (size_t i = 0; i < reasons.count; i++) {
		text_add(ret, "  ");
		text_add_escaped(ret, reasons.items[i].text, strlen(reasons.items[i].text));
		text_add_char(ret, '\n');
		if (reasons.items[i].field && *reasons.items[i].field)
			add_field(record, app, reasons.items[i].field, ret);
	}
	exit_reasons_release(&reasons);
	stack_free(stack);
}

static void add_lines(const struct exit_record *record, struct text *ret)
{
	if (record->lines.count)
		text_add(ret, "  its last lines:\n");
	for (size_t i = 0; i < record->lines.count; i++) {
		text_add(ret, "    ");
		text_add_escaped(ret, record->lines.items[i], strlen(record->lines.items[i]));
		text_add_char(ret, '\n');
	}
}

void exit_story_add(const char *name, const struct exit_record *record, const struct list *numbers, struct text *ret)
{
	autofree char *headline = exit_record_headline(record);

	text_addf(ret, "%s, run %jd: %s\n", record->name, (intmax_t)record->number, headline);
	if (record->started)
		text_addf(ret, "  started %s, ended %s\n", record->started, record->ended);
	else if (record->ended)
		text_addf(ret, "  %s %s\n", record->failure.text ? "tried" : "noted", record->ended);
	add_reasons(record, ret);
	add_lines(record, ret);
	if (numbers && numbers->count > 1)
		text_addf(ret, "  kept: runs %s to %s (box explain %s N)\n", numbers->items[0], numbers->items[numbers->count - 1],
			  name);
}
