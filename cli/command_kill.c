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
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/up/for_cli.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/events.h"
#include "runtime/kept.h"

struct kill_choices {
	const char *signal;
	bool all;
};

const struct option_row kill_options[] = {
	{ 's', "signal", OPTION_TEXT, offsetof(struct kill_choices, signal), "SIGNAL",
	  "name or number (default: SIGTERM)" },
	{ 'a', "all", OPTION_FLAG, offsetof(struct kill_choices, all), NULL, "every process, not only the first" },
	{ 0 },
};

struct stop_choices {
	const char *time;
};

const struct option_row stop_options[] = {
	{ 't', "time", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS",
	  "then kill it (default: the spec's stop_grace_period)" },
	{ 0, "timeout", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "the same as --time" },
	OTHER_OPTION('a', "all", "box stop $(box ps -q)"),
	{ 0 },
};

const struct option_row restart_options[] = {
	{ 't', "time", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "then kill it (default: the spec's stop_grace_period)" },
	{ 0, "timeout", OPTION_TEXT, offsetof(struct stop_choices, time), "SECONDS", "the same as --time" },
	OTHER_OPTION(0, "no-deps", LEAVE_OUT "others are restarted only where \"depends_on\" says so, by box up"),
	{ 0 },
};

struct rm_choices {
	bool force;
};

const struct option_row rm_options[] = {
	{ 'f', "force", OPTION_FLAG, offsetof(struct rm_choices, force), NULL,
	  "end it first where it runs; none of that name is fine" },
	OTHER_OPTION('a', "all", "box rm $(box ps -aq)"),
	OTHER_OPTION('s', "stop", LEAVE_OUT "--force ends it first"),
	OTHER_OPTION('v', "volumes", "box volume ls, then box volume rm NAME"),
	{ 0 },
};

struct kill_order {
	int signal;
	bool all;
};

static int kill_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const struct kill_order *order = data;

	return box_kill(call->places, name, order->signal, order->all, e);
}

int command_kill(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct kill_choices choices = { 0 };
	struct error e = { 0 };
	int number = SIGTERM;
	int result = options_parse(kill_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && (operands.count < 1 || operands.count > 2))
		result = error_set(&e, ERROR_USAGE, "kill: expected NAME and perhaps SIGNAL");
	if (result == 0 && operands.count == 2)
		choices.signal = operands.items[1];
	if (result == 0 && choices.signal && (number = signal_number(choices.signal)) < 0)
		result = error_set(&e, ERROR_USAGE, "kill: unknown signal %s", choices.signal);
	if (result == 0) {
		const struct kill_order order = { number, choices.all };
		autorelease(list) struct list word = { 0 };

		list_add(&word, operands.items[0]);
		return targets_each(call, &word, TARGETS_LAST_LEVEL_FIRST, /* is_whole= */ false, kill_one, &order);
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

	if (box_check_name(name, e) || background_restart(call->places, name, *grace_us, e))
		return -1;
	events_note(call->places, "container", "restart", name, NULL);
	return 0;
}

/* All services of a file stop in reverse, and start in their order. */
static int restart_words(const struct call *call, const struct list *words, const int64_t *grace_us)
{
	autorelease(list) struct list others = { 0 };
	int status = 0, here;

	for (size_t i = 0; i < words->count; i++) {
		autorelease(list) struct list word = { 0 };

		list_add(&word, words->items[i]);
		if (!target_is_stack(call, words->items[i])) {
			list_add(&others, words->items[i]);
			continue;
		}
		here = targets_each(call, &word, TARGETS_LAST_LEVEL_FIRST, /* is_whole= */ false, stop_one, grace_us);
		here = here ? here : stack_start(call, words->items[i]);
		status = here ? here : status;
	}
	here = others.count ? targets_each(call, &others, TARGETS_FIRST_LEVEL_FIRST, /* is_whole= */ false, restart_one, grace_us) : 0;
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
		return restart_words(call, &operands, &grace_us);
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, /* is_whole= */ false, act, &grace_us);
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

	return box_remove(call->places, name, choices->force, e);
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
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, /* is_whole= */ true, remove_one, &choices);
}

static int pause_one(const struct call *call, const char *name, const void *data, struct error *e)
{
	const bool *paused = data;

	return box_pause(call->places, name, *paused, e);
}

static int pause_or_not(const struct call *call, bool paused)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "%s: expected one NAME", call->command->name);
	if (result)
		return report_failure(&e);
	return targets_each(call, &operands, TARGETS_LAST_LEVEL_FIRST, /* is_whole= */ false, pause_one, &paused);
}

int command_pause(const struct call *call)
{
	return pause_or_not(call, /* paused= */ true);
}

int command_unpause(const struct call *call)
{
	return pause_or_not(call, /* paused= */ false);
}
