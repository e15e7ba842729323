/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_background.c - commands on apps in the background, and the hidden ones by which their supervisors have things done.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/frozen.h"
#include "cli/report.h"
#include "cli/secret_changes.h"
#include "cli/up/for_cli.h"
#include "images/digest.h"
#include "images/image.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/job.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/oci.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/secrets.h"
#include "runtime/supervise/spawn.h"
#include "specs/app.h"
#include "specs/container.h"

int command_rename(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count != 2)
		result = error_set(&e, ERROR_USAGE, "rename: expected OLD and NEW");
	for (size_t i = 0; result == 0 && i < operands.count; i++) {
		audit_container(call->audit, operands.items[i]);
		result = name_check(operands.items[i], &e);
	}
	if (result == 0)
		result = apps_rename(call->places, operands.items[0], operands.items[1], &e);
	return result ? report_failure(&e) : 0;
}

static int no_operands(const struct call *call, const struct option_row *options, void *choices, struct error *e)
{
	autorelease(list) struct list operands = { 0 };

	if (options_parse(options, OPERANDS_ANYWHERE, call->argv, choices, &operands, NULL, e))
		return -1;
	return operands.count ? error_set(e, ERROR_USAGE, "%s: expected no operand", call->command->name) : 0;
}

/* Prints a name per line, also of those that came before an error. */
static int tell_names(const struct list *names, int result, struct error *e)
{
	autorelease(text) struct text out = { 0 };
	struct error later = { 0 };

	for (size_t i = 0; i < names->count; i++)
		text_addf(&out, "%s\n", names->items[i]);
	if (report_text(&out, result ? &later : e))
		result = -1;
	return result ? report_failure(e) : 0;
}

int command_renew(const struct call *call)
{
	autorelease(list) struct list names = { 0 };
	struct error e = { 0 };
	int result = no_operands(call, no_options, NULL, &e);

	if (result == 0)
		result = background_renew(call->places, &names, &e);
	return tell_names(&names, result, &e);
}

struct boot_choices {
	bool keep;
};

const struct option_row boot_options[] = {
	{ 0, "keep", OPTION_FLAG, offsetof(struct boot_choices, keep), NULL,
	  "then stay, for the host's service manager to begin again: apps are adopted where all of box was killed" },
	{ 0 },
};

int command_boot(const struct call *call)
{
	autorelease(list) struct list names = { 0 };
	autorelease(list) struct list started = { 0 };
	struct boot_choices choices = { 0 };
	struct error e = { 0 };
	int result = no_operands(call, boot_options, &choices, &e), failures = 0;

	if (result || box_sweep(call->places, &e) || background_boot_names(call->places, &names, &e))
		return report_failure(&e);
	/* One that cannot be started does not keep the others. */
	for (size_t i = 0; i < names.count; i++) {
		error_clear(&e);
		if (background_start(call->places, names.items[i], &e) == 0)
			list_add(&started, names.items[i]);
		else
			failures = report_failure(&e);
	}
	error_clear(&e);
	result = tell_names(&started, 0, &e);
	if (choices.keep && result == 0) {
		audit_write(call->audit, failures);
		(void)background_keep(call->places, &e); /* it only comes back with an error */
		return report_failure(&e);
	}
	return failures ? failures : result;
}

/* The operands of a hidden command. The descriptors that its supervisor gave stay as they are: box may have to execute itself once more. */
static int begin_hidden(const struct call *call, size_t operands, struct list *ret, struct error *e)
{
	if (options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, ret, NULL, e))
		return -1;
	if (ret->count != operands || fcntl(SPAWN_DEFINITION, F_GETFD) < 0)
		return error_set(e, ERROR_USAGE, "%s: it is for the supervisor of an app", call->command->name);
	return 0;
}

static int command_app_start(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text answer = { 0 };
	struct frozen frozen = { .image = { .pin = -1 } };
	struct error e = { 0 }, unheard = { 0 };
	const int talk = SPAWN_DEFINITION + 1;
	int result = begin_hidden(call, 1, &operands, &e);

	if (result == 0)
		result = frozen_read(call->places, operands.items[0], SPAWN_DEFINITION, &frozen, &e);
	frozen.container.counts_refused = true;
	if (result == 0)
		result = background_launch(call->places, &frozen.container, SPAWN_DEFINITION, talk, &e);
	if (result) {
		control_add_failure(&e, &answer);
		(void)control_send(talk, answer.data, NULL, &unheard); /* the supervisor may be gone */
	}
	frozen_release(&frozen);
	return result ? report_run_status(&e) : 0;
}

/* NAME CODE SIGNAL STARTS */
static int command_app_end(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	struct last_end end = { .ended = time(NULL) };
	int64_t *const numbers[] = { &end.code, &end.signal, &end.starts };
	int result = begin_hidden(call, 4, &operands, &e);

	for (size_t i = 0; result == 0 && i < sizeof numbers / sizeof *numbers; i++)
		result = number_parse(operands.items[1 + i], -1, INT64_MAX, numbers[i]);
	if (result == 0)
		result = background_end(call->places, operands.items[0], SPAWN_DEFINITION, &end, &e);
	return result ? report_failure(&e) : 0;
}

static int command_app_leave(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = begin_hidden(call, 1, &operands, &e);

	if (result == 0)
		result = background_leave(call->places, operands.items[0], SPAWN_DEFINITION, &e);
	return result ? report_failure(&e) : 0;
}

/* NAME WORD */
static int command_app_next(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = begin_hidden(call, 2, &operands, &e);

	if (result == 0)
		result = job_plan_next(call->places, operands.items[0], SPAWN_DEFINITION, operands.items[1], &e);
	return result ? report_failure(&e) : 0;
}

/* The name is the instance's own: box kill would take it for that of a service, which may have another instance by now. */
static int command_app_kill(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = begin_hidden(call, 1, &operands, &e);

	if (result == 0)
		result = box_kill(call->places, operands.items[0], SIGKILL, /* all= */ false, &e);
	return result ? report_failure(&e) : 0;
}

static int command_app_check(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	int status = EXIT_BOX_FAILED, result;
	struct error e = { 0 };

	/* What the check says is its supervisor's, which gave this descriptor. */
	result = begin_hidden(call, 1, &operands, &e);
	if (result == 0 && (dup2(SPAWN_DEFINITION, STDOUT_FILENO) < 0 || dup2(SPAWN_DEFINITION, STDERR_FILENO) < 0))
		result = error_sys(&e, "speak to the supervisor");
	if (result == 0)
		result = box_check_health(call->places, operands.items[0], &status, &e);
	return result ? report_failure(&e) : status;
}

static int command_app_secrets(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	bool needs_restart = false;
	int result = begin_hidden(call, 1, &operands, &e);

	if (result == 0)
		result = secret_changes(call->places, operands.items[0], SPAWN_DEFINITION + 1, &needs_restart, &e);
	return result ? report_failure(&e) : needs_restart ? SECRETS_WANT_RESTART : 0;
}

static int command_watch_leave(const struct call *call)
{
	(void)call;
	cgroup_house_leave();
	return 0;
}

const struct command hidden_commands[] = {
	{ "app-start", "NAME", "", no_options, command_app_start, NULL, NOT_AUDITED },
	{ "app-end", "NAME CODE SIGNAL STARTS", "", no_options, command_app_end, NULL, NOT_AUDITED },
	{ "app-next", "NAME WORD", "", no_options, command_app_next, NULL, NOT_AUDITED },
	{ "app-kill", "NAME", "", no_options, command_app_kill, NULL, NOT_AUDITED },
	{ "app-check", "NAME", "", no_options, command_app_check, NULL, NOT_AUDITED },
	{ "app-secrets", "NAME", "", no_options, command_app_secrets, NULL, NOT_AUDITED },
	{ "app-leave", "NAME", "", no_options, command_app_leave, NULL, NOT_AUDITED },
	{ "app-serve", "NAME", "", no_options, command_app_serve, NULL, NOT_AUDITED },
	{ "up-serve", "NAME", "", no_options, command_up_serve, NULL, NOT_AUDITED },
	{ "watch-leave", "", "", no_options, command_watch_leave, NULL, NOT_AUDITED },
	{ 0 },
};
