/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_down.c - box down: the services of a file, or an app, stop in reverse order and go, with the networks of the file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/prepare.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/kept.h"
#include "runtime/background.h"
#include "runtime/storage/app_volumes.h"
#include "runtime/storage/volumes.h"
#include "specs/app.h"

struct down_choices {
	bool volumes, quiet;
	const char *override;
};

const struct option_row down_options[] = {
	{ 'v', "volumes", OPTION_FLAG, offsetof(struct down_choices, volumes), NULL,
	  "also remove the volumes of the file, or of the app, with all that is in them" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct down_choices, quiet), NULL, "print nothing but what went wrong" },
	{ 0, "override", OPTION_TEXT, offsetof(struct down_choices, override), "NAME", "merge this entry of the spec's overrides" },
	COMPOSE_OPTIONS,
	OTHER_OPTION(0, "remove-orphans", LEAVE_OUT "all services of the file's name go"),
	OTHER_OPTION(0, "rmi", "box rmi IMAGE, or box prune"),
	OTHER_OPTION('t', "timeout", "\"stop_grace_period\" in the file, or box stop -t SECONDS NAME before"),
	OTHER_OPTION(0, "dry-run", "box ps -a -f stack=NAME lists what goes"),
	{ 0 },
};

static bool is_external(const struct instance *instance, const char *volume)
{
	autorelease(list) struct list names = { 0 };
	autofree char *words = instance->external ? alloc_copy(instance->external) : NULL;
	char *state = NULL;

	for (char *word = words ? strtok_r(words, " ", &state) : NULL; word; word = strtok_r(NULL, " ", &state))
		list_add(&names, word);
	return list_has(&names, volume);
}

/* Of the file: those that it has made. Of a name: what its definitions have that is called after it. */
static int find_volumes(const struct call *call, const struct stack *stack, const char *name, const struct instances *instances,
			struct list *ret, struct error *e)
{
	autofree char *own = text_format("%s_", name), *others = text_format("%s-", name);

	for (size_t i = 0; stack && i < stack->volume_count; i++)
		if (!stack->volumes[i].is_external)
			list_add(ret, stack->volumes[i].name);
	for (size_t i = 0; i < instances->count; i++) {
		autorelease(list) struct list names = { 0 };

		if (app_volumes_of(call->places, instances->items[i].name, &names, e))
			return -1;
		for (size_t k = 0; k < names.count; k++)
			if (!list_has(ret, names.items[k]) && !is_external(&instances->items[i], names.items[k]) &&
			    (text_starts(names.items[k], own) || text_starts(names.items[k], others) || !instances->items[i].stack))
				list_add(ret, names.items[k]);
	}
	for (size_t i = 0; stack && i < stack->volume_count; i++)
		for (size_t k = 0; stack->volumes[i].is_external && k < ret->count; k++)
			if (strcmp(ret->items[k], stack->volumes[i].name) == 0)
				ret->items[k][0] = '\0';
	return 0;
}

static int remove_volumes(const struct up *up, const struct list *volumes)
{
	int status = 0;

	for (size_t i = 0; i < volumes->count; i++) {
		struct error e = { 0 };

		if (!*volumes->items[i])
			continue;
		if (volume_remove(up->call->places, volumes->items[i], &e) == 0)
			up_tell(up, "removed the volume %s", volumes->items[i]);
		else if (e.kind != ERROR_MISSING)
			status = report_failure(&e);
	}
	return status;
}

static int down(const struct call *call, const struct down_choices *choices, const struct stack *stack, const char *name, struct error *e)
{
	const struct up_options options = { .quiet = choices->quiet, .tells_end = true };
	struct up up = { .call = call, .options = &options, .name = name, .lock = -1 };
	autorelease(list) struct list volumes = { 0 }, names = { 0 };
	int status = 0, here;

	list_add(&names, name);
	if (kept_refuse(call->places, "down", NULL, &names, e) || up_lock(&up, name, e) || up_look(&up, e) ||
	    (stack && (up_check_found(&up, stack, e) || up_check_origin(&up, stack, "down", e))) ||
	    (choices->volumes && find_volumes(call, stack, name, &up.found, &volumes, e))) {
		status = report_failure(e);
	} else if (!up.found.count && !stack) {
		error_set(e, ERROR_MISSING, "down %s: there is nothing of it", name);
		(void)error_hint(e, "box ps -a lists what there is");
		status = report_failure(e);
	} else {
		status = up_stop(&up);
		if (status == 0 && up_end(&up, e))
			status = report_failure(e);
		here = status ? 0 : remove_volumes(&up, &volumes);
		status = here ? here : status;
	}
	up_release(&up);
	return status;
}

int command_down(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct down_choices choices = { 0 };
	struct stack *stack = NULL;
	struct error e = { 0 };
	const char *name;
	int status;

	if (options_parse(down_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e) ||
	    (operands.count != 1 && error_set(&e, ERROR_USAGE, "down: expected one FILE.json or NAME")))
		return report_failure(&e);
	name = operands.items[0];
	if (run_is_file(name) && stack_load(name, &(struct app_options){ .override = choices.override }, &stack, &e)) {
		e.hint[0] = '\0'; /* it need not be mended for that */
		(void)error_hint(&e, "box down NAME does without the file: box ps -a lists what there is");
		return report_failure(&e);
	}
	name = stack ? stack->name ? stack->name : stack->services[0].full : name;
	status = down(call, &choices, stack, name, &e);
	stack_free(stack);
	return status;
}
