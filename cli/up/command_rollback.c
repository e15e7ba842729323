/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_rollback.c - box rollback: what was replaced last becomes the next generation.
 *
 * The definition of the retired instance, its frozen spec and the digest of its image, are what box up makes of a file; from there on the
 * way is the same. A second rollback brings back what the first one replaced.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/frozen.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"
#include "runtime/supervise/app_settings.h"
#include "specs/app.h"

/* One instance for each replica. */
static int64_t count_live(const struct up *up, const char *service)
{
	int64_t count = 0;

	for (size_t i = 0; i < up->found.count; i++)
		count += strcmp(up->found.items[i].service, service) == 0 && up->found.items[i].role == INSTANCE_LIVE;
	return count ? count : 1;
}

static int add(struct up *up, const struct instance *retired, struct error *e)
{
	struct frozen *frozen = &up->frozen[up->count];
	struct up_service *service = &up->services[up->count];
	autoclose int definition = apps_open(up->call->places, retired->name, NULL, e);

	frozen->image.pin = -1;
	up->count++;
	service->wanted = (struct plan_service){ .full = retired->service, .level = retired->level,
						 .replicas = count_live(up, retired->service), .restart = retired->restart, .is_wanted = true };
	if (definition < 0 || frozen_read(up->call->places, retired->name, definition, frozen, e))
		return error_in(e, "read %s", retired->name);
	service->stack = retired->stack;
	if (retired->depends)
		text_add(&service->depends, retired->depends);
	if (retired->external)
		text_add(&service->external, retired->external);
	service->update = app_update(frozen->app);
	service->wanted.order = service->update.order;
	service->choices = (struct run_options){ .detach = true, .volumes_of = retired->service };
	/* Borrowed: frozen has them. */
	service->run = (struct run){ .app = frozen->app, .is_borrowed = true, .image = frozen->image, .container = frozen->container };
	if (up_complete(up, service, e))
		return -1;
	frozen->container = service->run.container;
	service->wanted.changes = "back to what was replaced";
	return 0;
}

/* The first replica speaks for all. */
static int read_retired(struct up *up, struct error *e)
{
	up->services = alloc_zeroed(up->found.count + 1, sizeof *up->services);
	up->frozen = alloc_zeroed(up->found.count + 1, sizeof *up->frozen);
	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];

		if (instance->role == INSTANCE_RETIRED && !up_service_of(up, instance->service) && add(up, instance, e))
			return -1;
	}
	if (up->count)
		return 0;
	if (!up->found.count)
		error_set(e, ERROR_MISSING, "rollback %s: there is no app, and no file with services, of this name", up->name);
	else
		error_set(e, ERROR_MISSING, "rollback %s: nothing of it has been replaced", up->name);
	return error_hint(e, "box ps -a lists what there is");
}

/* Retired ones that are newer than what runs, and so on: what is there is known, and no orphan. */
static void forget_others(struct up *up)
{
	size_t count = 0;

	for (size_t i = 0; i < up->plan.count; i++) {
		struct plan_action action = up->plan.actions[i];

		if (up_service_of(up, action.service)) {
			up->plan.actions[count++] = action;
			continue;
		}
		free(action.instance);
		free(action.reason);
	}
	up->plan.count = count;
}

static int perform(struct up *up)
{
	up_plan(up);
	forget_others(up);
	return up_perform(up);
}

static int roll_back(const struct call *call, const char *name, bool quiet)
{
	const struct up_options options = { .quiet = quiet };
	struct up up = { .call = call, .options = &options, .name = name, .lock = -1 };
	struct instances all = { 0 };
	autofree char *whole = NULL;
	struct error e = { 0 };
	int status;

	/* The lock, and the unit, are those of the whole file. */
	if (instances_find(call->places, name, &all, &e)) {
		status = report_failure(&e);
	} else {
		whole = alloc_copy(all.count && all.items[0].stack ? all.items[0].stack : name);
		status = up_lock(&up, whole, &e) || up_look(&up, &e) || read_retired(&up, &e) ? report_failure(&e) : perform(&up);
	}
	instances_release(&all);
	up_release(&up);
	return whole ? up_tell_unit(call, whole, status) : status;
}

struct choices {
	bool quiet;
};

const struct option_row rollback_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct choices, quiet), NULL, "print nothing but what went wrong" },
	{ 0 },
};

int command_rollback(const struct call *call)
{
	struct choices choices = { 0 };
	autorelease(list) struct list operands = { 0 };
	struct error e = { 0 };
	int status = 0, here;

	if (options_parse(rollback_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e) ||
	    (!operands.count && error_set(&e, ERROR_USAGE, "rollback: expected at least one NAME")) || targets_name(call, &operands, &e))
		return report_failure(&e);
	for (size_t i = 0; i < operands.count; i++) {
		here = roll_back(call, operands.items[i], choices.quiet);
		status = here ? here : status;
	}
	return status;
}
