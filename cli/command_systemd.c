/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_systemd.c - box systemd: an app in the background as a service of systemd (runtime/apps/systemd_unit.h).
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/command_run.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/systemctl.h"
#include "cli/up/for_cli.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/kept.h"
#include "runtime/apps/systemd_unit.h"
#include "runtime/background.h"
#include "runtime/background_serve.h"
#include "runtime/box.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_plan.h"
#include "specs/app.h"
#include "specs/container.h"

struct choices {
	const char *name, *override;
	bool now, up;
};

const struct option_row systemd_options[] = {
	{ 0, "name", OPTION_TEXT, offsetof(struct choices, name), "NAME", "install: name of the app (default: the spec's)" },
	{ 0, "override", OPTION_TEXT, offsetof(struct choices, override), "NAME", "install: merge this entry of the spec's overrides" },
	{ 0, "now", OPTION_FLAG, offsetof(struct choices, now), NULL, "install: enable the unit, and start it" },
	{ 0, "up", OPTION_FLAG, offsetof(struct choices, up), NULL,
	  "install: box keeps the app, and systemd starts and stops it: so that box up can replace it (services of a file: always)" },
	{ 0 },
};

/* The time that a reload may take; 0: the app's spec has none. */
static int find_reload(const struct call *call, const char *name, int64_t *ret_us, struct error *e)
{
	autofree char *folder = apps_path(call->places, name), *path = text_format("%s/app.json", folder);
	const struct app_options nothing = { 0 };
	struct reload found = { 0 };
	struct app *app = NULL;

	if (app_load(path, &nothing, &app, e))
		return -1;
	app_reload(app, &found);
	*ret_us = found.signal || found.exec.count ? found.timeout_us : 0;
	list_release(&found.exec);
	app_free(app);
	return 0;
}

static int write_unit(const struct call *call, const struct app_settings *settings, int definition, const char *unit, struct error *e)
{
	autorelease(text) struct text words = { 0 };
	struct health_plan health = { 0 };
	int64_t reload_us = 0;

	if (find_reload(call, settings->name, &reload_us, e) || health_plan_read(definition, &health, e))
		return -1;
	systemd_unit_text(settings, &health, reload_us, call->places->rootless, &words);
	health_plan_release(&health);
	return systemctl_write_unit(call->places, unit, words.data, e);
}

static int install(const struct call *call, const struct choices *choices, const char *name, struct error *e)
{
	autofree char *unit = systemd_unit_name(name);
	autorelease(text) struct text out = { 0 };
	struct app_settings settings = { 0 };
	autoclose int definition = -1;
	int result;

	if (background_give(call->places, name, unit, e))
		return -1;
	definition = apps_open(call->places, name, &settings, e);
	result = definition < 0 ? -1 : write_unit(call, &settings, definition, unit, e);
	app_settings_release(&settings);
	if (result == 0 && choices->now)
		result = systemctl(call->places, "enable", "--now", unit, e) ? error_hint(e, "systemctl status %s, box explain %s", unit, name) : 0;
	text_addf(&out, "%s\n", unit);
	return result ? -1 : report_text(&out, e);
}

static int command_install(const struct call *call, const struct choices *choices, const char *operand, struct error *e)
{
	autofree char *name = NULL;
	struct error ignored = { 0 };
	bool is_new = false;
	int status;

	if (choices->now && !systemctl_is_running())
		return error_set(e, ERROR_UNSUPPORTED, "option --now: this host was not booted with systemd");
	if (choices->up || unit_is_for_up(call, operand, choices->override)) {
		if (choices->name)
			return error_set(e, ERROR_USAGE, "option --name: box up gives names, and systemd install takes what it has made");
		return unit_install(call, operand, choices->override, choices->now, e);
	}
	/* One that is there goes over to systemd as it is. */
	if (!text_ends(operand, ".json") && apps_exists(call->places, operand)) {
		if (choices->name || choices->override)
			return error_set(e, ERROR_USAGE, "option --%s: it is for a file, and %s is an app that was made",
					 choices->name ? "name" : "override", operand);
		name = alloc_copy(operand);
	} else {
		status = run_define(call, operand, choices->name, choices->override, &name);
		if (status)
			return status;
		is_new = true;
	}
	audit_container(call->audit, name);
	if (install(call, choices, name, e) == 0)
		return 0;
	if (is_new && e->kind == ERROR_UNSUPPORTED)
		(void)background_forget(call->places, name, &ignored); /* nobody wants it in another way */
	return -1;
}

/* The app stays, stopped, with what it wrote. */
static int remove_own(const struct call *call, const char *name, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(call->places, name, &settings, e);
	autofree char *unit = settings.unit;

	settings.unit = NULL;
	app_settings_release(&settings);
	if (definition < 0)
		return -1;
	if (!unit)
		return error_set(e, ERROR_MISSING, "remove the unit of %s: it has none", name);
	if (systemctl(call->places, "disable", "--now", unit, e) || background_give(call->places, name, NULL, e))
		return -1;
	return systemctl_remove_unit(call->places, unit, e);
}

static int command_remove(const struct call *call, const char *name, struct error *e)
{
	autofree char *kept = kept_unit(call->places, name);

	audit_container(call->audit, name);
	return kept ? unit_remove(call, name, kept, e) : remove_own(call, name, e);
}

int command_systemd(const struct call *call)
{
	autorelease(list) struct list words = { 0 };
	struct choices choices = { 0 };
	struct error e = { 0 };
	int result = options_parse(systemd_options, OPERANDS_ANYWHERE, call->argv, &choices, &words, NULL, &e);

	if (result == 0 && words.count == 2 && strcmp(words.items[0], "install") == 0)
		result = command_install(call, &choices, words.items[1], &e);
	else if (result == 0 && words.count == 2 && strcmp(words.items[0], "remove") == 0)
		result = choices.now || choices.name || choices.override || choices.up
				 ? error_set(&e, ERROR_USAGE, "systemd remove: it has no options")
				 : command_remove(call, words.items[1], &e);
	else if (result == 0)
		result = error_set(&e, ERROR_USAGE, "systemd: expected install FILE.json, or remove NAME");
	return e.kind != ERROR_NONE ? report_failure(&e) : result;
}

/* NAME: of its unit's ExecStart. */
int command_app_serve(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count != 1)
		result = error_set(&e, ERROR_USAGE, "app-serve: expected NAME");
	if (result == 0)
		(void)background_serve(call->places, operands.items[0], &e); /* it only comes back with an error */
	return report_failure(&e);
}
