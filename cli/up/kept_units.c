/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_units.c - whether the plan changes what a unit of its own keeps, which systemd alone may start and stop.
 */
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/systemctl.h"
#include "cli/up/up.h"
#include "runtime/apps/instances.h"

/* The instance of the service that has a unit of its own (runtime/apps/systemd_unit.h), or NULL. */
static const struct instance *find_kept(const struct up *up, const char *service)
{
	for (size_t i = 0; i < up->found.count; i++)
		if (up->found.items[i].unit && strcmp(up->found.items[i].service, service) == 0)
			return &up->found.items[i];
	return NULL;
}

int up_check_units(const struct up *up, struct error *e)
{
	for (size_t i = 0; i < up->plan.count; i++) {
		const struct plan_action *action = &up->plan.actions[i];
		const struct instance *kept = find_kept(up, action->service);

		/* Who only has to be started says so itself: systemctl start. */
		if (!kept || action->kind == PLAN_KEEP || action->kind == PLAN_DONE || action->kind == PLAN_START || action->kind == PLAN_ORPHAN)
			continue;
		error_set(e, ERROR_UNSUPPORTED, "%s %s: the unit %s keeps it, and this one instance alone", up_plan_word(action->kind), kept->name,
			  kept->unit);
		return error_hint(e, "box systemd install --up%s %s, then box up %s: it stops and starts once, and from then on box up replaces it",
				  systemctl_is_running() ? " --now" : "", kept->service, up->stack->file);
	}
	return 0;
}
