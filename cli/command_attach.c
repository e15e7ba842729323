/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_attach.c - box attach and box start: an app in the background and this terminal.
 */
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/file_services.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/up/for_cli.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/kept.h"
#include "runtime/attach.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/oci.h"

struct attach_choices {
	bool no_stdin, proxies;
	const char *keys;
};

struct start_choices {
	struct attach_choices attach;
	bool attaches, keep_stdin, quiet;
};

#define ATTACH_OPTIONS(object, member) \
	{ 0, "detach-keys", OPTION_TEXT, offsetof(object, member keys), "KEYS", \
	  "leave an app with a terminal by these (default: " DETACH_KEYS_DEFAULT "; \"\": none)" }, \
	{ 0, "sig-proxy", OPTION_FLAG, offsetof(object, member proxies), NULL, \
	  "an app without a terminal gets the signals that come here (default: true; --sig-proxy=false leaves it)" }

const struct option_row attach_options[] = {
	{ 0, "no-stdin", OPTION_FLAG, offsetof(struct attach_choices, no_stdin), NULL, "read nothing here: show what it writes" },
	ATTACH_OPTIONS(struct attach_choices, ),
	{ 0 },
};

const struct option_row start_options[] = {
	{ 'a', "attach", OPTION_FLAG, offsetof(struct start_choices, attaches), NULL,
	  "show what it writes, wait for its end, and end with its exit code" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct start_choices, keep_stdin), NULL, "the same, and carry this command's stdin to it" },
	ATTACH_OPTIONS(struct start_choices, attach.),
	QUIET_OPTION(struct start_choices),
	{ 0 },
};

static int make_wishes(const struct attach_choices *choices, struct attach_wishes *ret, struct error *e)
{
	*ret = (struct attach_wishes){ .no_stdin = choices->no_stdin, .no_proxy = !choices->proxies };
	return detach_keys_parse(choices->keys ? choices->keys : DETACH_KEYS_DEFAULT, &ret->keys, e);
}

static int tell_end(const char *name, enum attach_end end, int status)
{
	autofree char *line = text_format("detached from %s, which goes on: box attach %s comes back to it", name, name);

	if (end == ATTACH_DETACHED)
		report_line(line);
	return status;
}

int command_attach(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct attach_choices choices = { .proxies = true };
	struct attach_wishes wishes;
	enum attach_end end;
	struct error e = { 0 };
	int status = EXIT_BOX_FAILED;
	int result = options_parse(attach_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0)
		result = file_services_first(call, &operands, &e);
	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "attach: expected one NAME");
	if (result || targets_one(call, &operands, 0, &e) || make_wishes(&choices, &wishes, &e) || name_check(operands.items[0], &e))
		return report_failure(&e);
	audit_container(call->audit, operands.items[0]);
	if (attach_run(call->places, operands.items[0], &wishes, &end, &status, &e))
		return report_failure(&e);
	return tell_end(operands.items[0], end, status);
}

static int start_one(const struct call *call, const char *name, struct error *e)
{
	int definition = name_check(name, e) ? -1 : apps_open(call->places, name, NULL, e);

	if (definition >= 0) {
		close(definition);
		return background_start_now(call->places, name, e);
	}
	if (e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	return oci_start(call->places, name, e);
}

/* One after the other: one that cannot be started does not keep the others. */
static int start_all(const struct call *call, const struct list *names, bool quiet)
{
	int result = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct error e = { 0 };

		audit_container(call->audit, names->items[i]);
		if (start_one(call, names->items[i], &e) ||
		    (!quiet && each_is_told(call, names->items[i]) && each_tell(names->items[i], &e)))
			result = report_failure(&e);
	}
	return result;
}

static int start_attached(const struct call *call, struct start_choices *choices, const struct list *names, struct error *e)
{
	struct attach_wishes wishes;
	enum attach_end end;
	int status;

	if (names->count != 1) {
		error_set(e, ERROR_USAGE, "start: --attach and --interactive are for one NAME");
		return report_failure(e);
	}
	choices->attach.no_stdin = !choices->keep_stdin;
	if (make_wishes(&choices->attach, &wishes, e) || name_check(names->items[0], e))
		return report_failure(e);
	audit_container(call->audit, names->items[0]);
	if (attach_start(call->places, names->items[0], &wishes, &end, &status, e))
		return report_failure(e);
	return tell_end(names->items[0], end, status);
}

/* All services of a file in their order; others one after the other. */
static int start_words(const struct call *call, const struct list *words, bool quiet)
{
	int status = 0, here;

	for (size_t i = 0; i < words->count; i++) {
		autorelease(list) struct list names = { 0 };
		struct error e = { 0 };

		list_add(&names, words->items[i]);
		if (target_is_stack(call, words->items[i]))
			here = stack_start(call, words->items[i], quiet);
		else
			here = targets_all(call, &names, &e) ? report_failure(&e) : start_all(call, &names, quiet);
		status = here ? here : status;
	}
	return status;
}

int command_start(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct start_choices choices = { .attach.proxies = true };
	struct error e = { 0 };
	int result = options_parse(start_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "start: expected at least one NAME");
	if (result || targets_name(call, &operands, &e) || kept_refuse(call->places, "start", "start", &operands, &e))
		return report_failure(&e);
	if (choices.attaches || choices.keep_stdin)
		return targets_all(call, &operands, &e) ? report_failure(&e) : start_attached(call, &choices, &operands, &e);
	return start_words(call, &operands, choices.quiet);
}
