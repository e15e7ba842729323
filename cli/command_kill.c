/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_kill.c - box kill, stop, restart, pause, unpause, rm: act on a container by its name.
 */
#include <signal.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/file_services.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/up/for_cli.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/kept.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/logs/events.h"
#include "runtime/state/state.h"

struct kill_choices {
	const char *signal;
	bool all, quiet;
};

const struct option_row kill_options[] = {
	{ 's', "signal", OPTION_TEXT, offsetof(struct kill_choices, signal), "SIGNAL",
	  "name or number (default: SIGTERM)" },
	{ 'a', "all", OPTION_FLAG, offsetof(struct kill_choices, all), NULL, "every process, not only the first" },
	QUIET_OPTION(struct kill_choices),
	{ 0 },
};

struct stop_choices {
	const char *time;
	bool quiet;
};

const struct option_row stop_options[] = {
	{ 't', "time", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS",
	  "then kill it (default: the spec's stop_grace_period)" },
	{ 0, "timeout", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "the same as --time" },
	QUIET_OPTION(struct stop_choices),
	OTHER_OPTION('a', "all", "box stop $(box ps -q)"),
	{ 0 },
};

const struct option_row restart_options[] = {
	{ 't', "time", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "then kill it (default: the spec's stop_grace_period)" },
	{ 0, "timeout", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "the same as --time" },
	QUIET_OPTION(struct stop_choices),
	OTHER_OPTION(0, "no-deps", LEAVE_OUT "others are restarted only where \"depends_on\" says so, by box up"),
	{ 0 },
};

struct rm_choices {
	bool force, quiet;
};

const struct option_row rm_options[] = {
	{ 'f', "force", OPTION_FLAG, offsetof(struct rm_choices, force), NULL,
	  "end it first where it runs; none of that name is fine" },
	QUIET_OPTION(struct rm_choices),
	OTHER_OPTION('a', "all", "box rm $(box ps -aq)"),
	OTHER_OPTION('s', "stop", LEAVE_OUT "--force ends it first"),
	OTHER_OPTION('v', "volumes", "box volume ls, then box volume rm NAME"),
	{ 0 },
};

struct pause_choices {
	bool quiet;
};

const struct option_row pause_options[] = {
	QUIET_OPTION(struct pause_choices),
	{ 0 },
};

struct kill_order {
	int signal;
	bool all;
};

static int kill_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const struct kill_order *order = data;
	int done = each_is_told(call, name) ? 0 : EACH_UNTOLD;

	return box_kill(call->places, name, order->signal, order->all, e) ? -1 : done;
}

int command_kill(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct kill_choices choices = { 0 };
	struct error e = { 0 };
	int number = SIGTERM;
	int result = options_parse(kill_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0)
		result = file_services_first(call, &operands, &e);
	if (result == 0 && (operands.count < 1 || operands.count > 2))
		result = error_set(&e, ERROR_USAGE, "kill: expected NAME and perhaps SIGNAL");
	if (result == 0 && operands.count == 2)
		choices.signal = operands.items[1];
	if (result == 0 && choices.signal && (number = signal_number(choices.signal)) < 0)
		result = error_set(&e, ERROR_USAGE, "kill: unknown signal %s", choices.signal);
	if (result == 0) {
		const struct kill_order order = { number, choices.all };
		const struct each each = { kill_one, &order, .tells = !choices.quiet };
		autorelease(list) struct list word = { 0 };

		list_add(&word, operands.items[0]);
		return targets_each(call, &word, TARGETS_LAST_LEVEL_FIRST, TARGETS_RUNNING, &each);
	}
	return report_failure(&e);
}

static int stop_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const int64_t *grace_us = data;

	return box_stop(call->places, name, *grace_us, e);
}

static int restart_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const int64_t *grace_us = data;

	if (name_check(name, e) || background_restart(call->places, name, *grace_us, e))
		return -1;
	events_note(call->places, "container", "restart", name, NULL);
	return 0;
}

/* All services of a file stop in reverse, and start in their order. */
static int restart_words(const struct call *call, const struct list *words, const int64_t *grace_us, bool quiet)
{
	const struct each stop = { stop_one, grace_us, .tells = false }, restart = { restart_one, grace_us, .tells = !quiet };
	autorelease(list) struct list others = { 0 };
	int status = 0, here;

	for (size_t i = 0; i < words->count; i++) {
		autorelease(list) struct list word = { 0 };

		list_add(&word, words->items[i]);
		if (!target_is_stack(call, words->items[i])) {
			list_add(&others, words->items[i]);
			continue;
		}
		here = targets_each(call, &word, TARGETS_LAST_LEVEL_FIRST, TARGETS_LIVE, &stop);
		here = here ? here : stack_start(call, words->items[i], quiet);
		status = here ? here : status;
	}
	here = others.count ? targets_each(call, &others, TARGETS_FIRST_LEVEL_FIRST, TARGETS_LIVE, &restart) : 0;
	return here ? here : status;
}

/* NAME… and --time. */
static int end_all(const struct call *call, const struct option_row *options, each_act *act)
{
	autorelease(list) struct list operands = { 0 };
	struct stop_choices choices = { 0 };
	struct error e = { 0 };
	int64_t seconds = -1, grace_us;
	int result = options_parse(options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "%s: expected at least one NAME", call->command->name);
	if (result == 0 && choices.time && number_parse(choices.time, 0, INT32_MAX, &seconds))
		result = error_set(&e, ERROR_USAGE, "option --time %s: expected seconds", choices.time);
	if (result || targets_name(call, &operands, &e) ||
	    kept_refuse(call->places, call->command->name, call->command->name, &operands, &e))
		return report_failure(&e);
	grace_us = seconds < 0 ? -1 : seconds * 1000000;
	if (act == restart_one)
		return restart_words(call, &operands, &grace_us, choices.quiet);
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, TARGETS_LIVE, &(struct each){ act, &grace_us, .tells = !choices.quiet });
}

int command_stop(const struct call *call)
{
	return end_all(call, stop_options, stop_one);
}

int command_restart(const struct call *call)
{
	return end_all(call, restart_options, restart_one);
}

static int remove_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const struct rm_choices *choices = data;
	bool is_there = !choices->force || apps_exists(call->places, name) || state_exists(call->places, name);

	return box_remove(call->places, name, choices->force, e) ? -1 : is_there ? 0 : EACH_UNTOLD;
}

int command_rm(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct rm_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(rm_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	/* box rm -f $(box ps -aq) where there is none */
	if (result == 0 && !operands.count && !choices.force)
		result = error_set(&e, ERROR_USAGE, "rm: expected at least one NAME");
	if (result || targets_name(call, &operands, &e) || kept_refuse(call->places, "rm", NULL, &operands, &e))
		return report_failure(&e);
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, TARGETS_WHOLE,
			    &(struct each){ remove_one, &choices, .tells = !choices.quiet });
}

static int pause_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const bool *paused = data;

	if (box_pause(call->places, name, *paused, e))
		return -1;
	return each_is_told(call, name) ? 0 : EACH_UNTOLD;
}

static int pause_or_not(const struct call *call, bool paused)
{
	autorelease(list) struct list operands = { 0 };
	struct pause_choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(pause_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "%s: expected at least one NAME", call->command->name);
	if (result || targets_name(call, &operands, &e))
		return report_failure(&e);
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, TARGETS_RUNNING,
			    &(struct each){ pause_one, &paused, .tells = !choices.quiet });
}

int command_pause(const struct call *call)
{
	return pause_or_not(call, /* paused= */ true);
}

int command_unpause(const struct call *call)
{
	return pause_or_not(call, /* paused= */ false);
}
