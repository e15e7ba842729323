/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_up.c - box up and box plan: from a file to its services, and what that would change.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/up/for_cli.h"
#include "cli/up/up.h"
#include "runtime/box.h"

enum { EXIT_CHANGES = 2 };

#define AT(member) offsetof(struct up_options, member)
#define FILE_OPTIONS                                                                                                             \
	{ 0, "override", OPTION_TEXT, AT(override), "NAME", "merge this entry of the spec's overrides" },                        \
	{ 0, "profile", OPTION_LIST, AT(profiles), "NAME", "also services that are in this profile" },                           \
	{ 0, "platform", OPTION_TEXT, AT(platform), "OS/ARCH[/VARIANT]", "of images for several platforms" },                    \
	{ 0, "locked", OPTION_FLAG, AT(locked), NULL, "run nothing but what the lock beside the file says (box lock)" },         \
	{ 0, "remove-orphans", OPTION_FLAG, AT(remove_orphans), NULL, "also remove services that the file does not have any more" },          \
	{ 0, "take-over", OPTION_FLAG, AT(takes_over), NULL, "also what another file of the same name has brought up" }

const struct option_row up_options[] = {
	FILE_OPTIONS,
	{ 0, "pull", OPTION_TEXT, AT(pull), "missing|always|never", "when to ask the images' registries (default: missing)" },
	{ 0, "timeout", OPTION_TEXT, AT(timeout), "DURATION", "by then each service is healthy (default: its update.timeout)" },
	{ 0, "no-wait", OPTION_FLAG, AT(no_wait), NULL, "return when programs run; what is replaced or waited for is waited for" },
	{ 'q', "quiet", OPTION_FLAG, AT(quiet), NULL, "print nothing but what went wrong" },
	COMPOSE_UP_OPTIONS,
	{ 0 },
};

const struct option_row plan_options[] = {
	FILE_OPTIONS,
	{ 0, "format", OPTION_TEXT, AT(format), "text|json", "form of the answer (default: text)" },
	{ 0, "detailed-exitcode", OPTION_FLAG, AT(has_exit_code), NULL, "exit code 2 where something would change" },
	COMPOSE_OPTIONS,
	{ 0 },
};
#undef AT

static int parse(const struct call *call, const struct option_row *rows, struct up_options *options, struct list *operands, struct error *e)
{
	if (options_parse(rows, OPERANDS_ANYWHERE, call->argv, options, operands, NULL, e))
		return -1;
	if (operands->count)
		return 0;
	error_set(e, ERROR_USAGE, "%s: expected FILE.json", call->command->name);
	return access("app.json", F_OK) ? -1 : error_hint(e, "box %s app.json", call->command->name);
}

static int read_file(struct up *up, const struct list *operands, struct error *e)
{
	autorelease(list) struct list selected = { 0 };

	for (size_t i = 1; i < operands->count; i++)
		list_add(&selected, operands->items[i]);
	if (up_read(up, operands->items[0], &selected, e)) {
		/* A name, where it takes the file. */
		if (e->sys == ENOENT && !run_is_file(operands->items[0]))
			error_hint(e, "box %s takes a file: box %s app.json; box start NAME starts what was stopped", up->call->command->name,
				   up->call->command->name);
		return -1;
	}
	up_plan(up);
	return up_check_units(up, e);
}

static void tell_orphans(const struct up *up)
{
	for (size_t i = 0; i < up->plan.count; i++)
		if (up->plan.actions[i].kind == PLAN_ORPHAN) {
			autofree char *line = text_format("%s: %s", up->plan.actions[i].instance, up->plan.actions[i].reason);

			report_line(line);
		}
}

static int up(const struct call *call, const struct up_options *options, const struct list *operands)
{
	struct up up = { .call = call, .options = options, .lock = -1 };
	struct error e = { 0 }, swept = { 0 };
	autofree char *name = NULL;
	int status;

	if (box_sweep(call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (read_file(&up, operands, &e)) {
		report_error(NULL, operands->items[0], &e);
		status = EXIT_BOX_FAILED;
	} else {
		tell_orphans(&up);
		if (options->takes_over && up_take_over(&up, &e))
			log_warning("%s, continuing", e.text);
		if (!up_plan_has_changes(&up.plan))
			up_tell(&up, "%s is as it is written", up.name);
		status = up_perform(&up);
		name = alloc_copy(up.name);
	}
	up_release(&up); /* whom the unit starts wants the lock, too */
	return name ? up_tell_unit(call, name, status) : status;
}

int command_up(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct up_options options = { 0 };
	struct error e = { 0 };
	int status = parse(call, up_options, &options, &operands, &e) ? report_failure(&e) : up(call, &options, &operands);

	list_release(&options.profiles);
	return status;
}

static int plan(const struct call *call, const struct up_options *options, const struct list *operands, bool *ret_changes, struct error *e)
{
	struct up up = { .call = call, .options = options, .lock = -1 };
	autorelease(text) struct text out = { 0 };
	int result = read_file(&up, operands, e);

	if (result == 0 && options->format && strcmp(options->format, "json") == 0)
		up_plan_print_json(&up.plan, &out);
	else if (result == 0)
		up_plan_print(&up.plan, &out);
	*ret_changes = up_plan_has_changes(&up.plan);
	up_release(&up);
	return result == 0 ? report_text(&out, e) : -1;
}

int command_plan(const struct call *call)
{
	static const char *const forms[] = { "text", "json", NULL };
	autorelease(list) struct list operands = { 0 };
	struct up_options options = { .plan_only = true };
	struct error e = { 0 };
	bool has_changes = false;
	int result = parse(call, plan_options, &options, &operands, &e);

	if (result == 0)
		result = options_one_of("format", options.format, forms, &e);
	if (result == 0)
		result = plan(call, &options, &operands, &has_changes, &e);
	list_release(&options.profiles);
	if (result) {
		report_error(NULL, operands.count ? operands.items[0] : NULL, &e);
		return EXIT_BOX_FAILED;
	}
	return options.has_exit_code && has_changes ? EXIT_CHANGES : 0;
}
