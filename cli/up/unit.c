/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.c - a unit of systemd for all that box up has made of a name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/prepare.h"
#include "cli/report.h"
#include "cli/systemctl.h"
#include "cli/up/for_cli.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/instances.h"
#include "runtime/apps/kept.h"
#include "runtime/apps/systemd_unit.h"
#include "runtime/background_serve.h"
#include "runtime/supervise/app_settings.h"
#include "specs/app.h"

/* The name that a file gives to all of it. */
static int name_of(const char *word, const char *override, char **ret_name, bool *ret_several, struct error *e)
{
	struct stack *stack = NULL;

	*ret_several = false;
	if (!run_is_file(word)) {
		*ret_name = alloc_copy(word);
		return 0;
	}
	if (stack_load(word, &(struct app_options){ .override = override }, &stack, e))
		return -1;
	*ret_several = stack->name;
	*ret_name = alloc_copy(stack->name ? stack->name : stack->services[0].full);
	stack_free(stack);
	return 0;
}

bool unit_is_for_up(const struct call *call, const char *word, const char *override)
{
	autorelease(instances) struct instances found = { 0 };
	struct error ignored = { 0 };
	autofree char *name = NULL;
	bool is_several = false;

	if (name_of(word, override, &name, &is_several, &ignored) || run_is_file(word) ||
	    instances_find(call->places, name, &found, &ignored))
		return is_several;
	for (size_t i = 0; i < found.count; i++)
		is_several |= found.items[i].stack || found.items[i].generation > 1 || found.items[i].replica > 1;
	return is_several;
}

/* All that is there of the name is box up's. */
static int check(const struct call *call, const char *name, const char *word, struct error *e)
{
	autorelease(instances) struct instances found = { 0 };

	if (instances_find(call->places, name, &found, e))
		return -1;
	if (!found.count) {
		error_set(e, ERROR_MISSING, "install %s: there is nothing of it yet", name);
		return error_hint(e, "box up %s makes it, and then box systemd install %s", run_is_file(word) ? word : "FILE.json", name);
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct instance *one = &found.items[i];

		if (one->stack && strcmp(one->stack, name) != 0) {
			error_set(e, ERROR_UNSUPPORTED, "install %s: it is a service of %s, which starts and stops as a whole", name, one->stack);
			return error_hint(e, "box systemd install %s", one->stack);
		}
	}
	return 0;
}

/* An app alone that has a unit of its own, which cannot go on beneath another one: it stops there. */
static int take_over(const struct call *call, const char *name, bool now, struct error *e)
{
	struct app_settings settings = { 0 };
	struct error ignored = { 0 };
	autoclose int definition = apps_open(call->places, name, &settings, &ignored);
	autofree char *unit = take_ptr(&settings.unit);

	app_settings_release(&settings);
	if (definition < 0 || !unit)
		return 0;
	if (!now && systemctl_is_used(call->places, unit)) {
		error_set(e, ERROR_EXISTS, "install %s: the unit %s keeps it now, which runs or is enabled", name, unit);
		return error_hint(e, "box systemd install --up --now %s: it stops there, and starts again by the new unit", name);
	}
	return systemctl(call->places, "disable", "--now", unit, e) || background_give(call->places, name, NULL, e) ||
			       systemctl_remove_unit(call->places, unit, e)
		       ? -1
		       : 0;
}

int unit_install(const struct call *call, const char *word, const char *override, bool now, struct error *e)
{
	autorelease(text) struct text words = { 0 };
	autorelease(text) struct text out = { 0 };
	autofree char *name = NULL, *unit = NULL, *box = places_self(e);
	bool is_several;

	if (!box || name_of(word, override, &name, &is_several, e) || check(call, name, word, e))
		return -1;
	audit_container(call->audit, name);
	if (take_over(call, name, now, e))
		return -1;
	unit = systemd_up_unit_name(name);
	systemd_up_unit_text(call->places, box, name, &words);
	if (kept_note(call->places, name, unit, e) || systemctl_write_unit(call->places, unit, words.data, e))
		return -1;
	if (now && systemctl(call->places, "enable", "--now", unit, e))
		return error_hint(e, "systemctl status %s, box ps %s", unit, name);
	text_addf(&out, "%s\n", unit);
	return report_text(&out, e);
}

int unit_remove(const struct call *call, const char *name, const char *unit, struct error *e)
{
	if (systemctl(call->places, "disable", "--now", unit, e) || systemctl_remove_unit(call->places, unit, e))
		return -1;
	return kept_note(call->places, name, NULL, e);
}

int up_tell_unit(const struct call *call, const char *name, int status)
{
	autofree char *unit = kept_unit(call->places, name);
	struct error e = { 0 };

	/* Somebody may be stopping it just now, and waits for our lock: who wanted something last is heeded. What has failed is not waited for
	 * once more. */
	if (!unit || !systemctl_is_idle(call->places, unit) || systemctl(call->places, "start", status ? "--no-block" : NULL, unit, &e) == 0)
		return status;
	return report_failure(&e);
}
