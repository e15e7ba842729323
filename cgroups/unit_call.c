/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_call.c - box-scope, which speaks to systemd for box.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/group.h"

enum { CALL_MS = 75000 }; /* box-scope has a limit of its own, 30 s for each job, and says more */

int unit_call(bool is_user, const char *verb, const char *unit, const struct list *words, struct text *out, struct error *e)
{
	static const char *const passed[] = { "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };
	autofree char *helper = places_helper("box-scope", e);
	autorelease(list) struct list argv = { 0 };
	autorelease(list) struct list environment = { 0 };
	struct process_run run = { .input = -1, .timeout_ms = CALL_MS };

	if (!helper)
		return -1;
	list_add(&argv, helper);
	list_add(&argv, is_user ? "user" : "system");
	list_add(&argv, verb);
	if (unit)
		list_add(&argv, unit);
	for (size_t i = 0; words && i < words->count; i++)
		list_add(&argv, words->items[i]);
	/* Where the user's manager listens. Nothing for root's: whoever calls box as root must not choose it. */
	for (size_t i = 0; is_user && i < sizeof passed / sizeof *passed; i++)
		if (getenv(passed[i]))
			list_env_set(&environment, passed[i], getenv(passed[i]));
	run.argv = argv.items;
	run.environment = environment.items;
	if (process_run(&run, out, e))
		return -1;
	trace_step("systemd", verb);
	return 0;
}
