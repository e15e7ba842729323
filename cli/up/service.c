/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - what is done for one service, in a process of its own.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/up/traffic.h"
#include "cli/up/up.h"
#include "cli/wide_ports.h"
#include "runtime/background.h"

/* One that fails explains itself. What has no health check is looked at by perform.c, once for all. */
static int start_all(struct up *up, struct up_service *service, const struct list *names, struct error *e)
{
	const struct up_patience patience = { service->update.timeout_us, 0 };
	bool is_to_wait = service->is_checked && !up->options->no_wait;
	const char *failed = NULL;
	int result = up_begin_all(up, names, &failed, e);

	if (result == 0 && is_to_wait)
		result = up_wait_all(up, names, service->is_checked, patience, &failed, e);
	for (size_t i = 0; i < names->count && names->items[i] != failed; i++)
		up_tell_started(up, names->items[i]);
	/* Not the same words twice. */
	if (failed && up_explain(up, failed) && result)
		error_set(e, e->kind, "%s could not be started", failed);
	return result;
}

static int create(struct up *up, struct up_service *service, int64_t generation, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (service->stack && !up->options->quiet)
		wide_ports_say(&service->run.container);
	for (int64_t replica = 1; replica <= service->wanted.replicas; replica++) {
		if (up_make(up, service, replica, generation, /* is_standby= */ false, e))
			return -1;
		list_take(&names, instance_name(service->wanted.full, replica, generation));
	}
	up_point("made");
	return start_all(up, service, &names, e);
}

static int start_one(struct up *up, struct up_service *service, const struct plan_action *action, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	struct instance_condition now;

	list_add(&names, action->instance);
	if (up_make(up, service, action->replica, action->generation, /* is_standby= */ false, e))
		return -1;
	/* One that waits after a failure need not wait any longer. */
	instance_look(up->call->places, action->instance, &now);
	return (now.is_waiting && background_restart(up->call->places, action->instance, /* grace_us= */ -1, e)) ||
			       start_all(up, service, &names, e)
		       ? -1
		       : 0;
}

static int restart_one(struct up *up, struct up_service *service, const struct plan_action *action, struct error *e)
{
	return background_stop(up->call->places, action->instance, /* grace_us= */ -1, e) || start_one(up, service, action, e) ? -1 : 0;
}

/* Whoever was killed may not have come to it. Ports of a file that was changed since are the next generation's to bring. */
static int lead_to_live(const struct up *up, const struct up_service *service, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	bool is_as_written = true;

	for (size_t i = 0; i < up->found.count; i++)
		if (up->found.items[i].role == INSTANCE_LIVE && strcmp(up->found.items[i].service, service->wanted.full) == 0)
			is_as_written &= text_equal(up->found.items[i].digest, service->digest);
	if (up_live(up, service, &names, e))
		return -1;
	return is_as_written ? traffic_lead(up, service, &names, e) : traffic_lead_back(up, service, &names, e);
}

static bool is_added(const struct up_service *service, const struct plan_action *action)
{
	return action->kind == PLAN_ADD && strcmp(action->service, service->wanted.full) == 0;
}

/* As long as they are not ready, the address of the service and its ports lead to the others alone. */
static int make_added(struct up *up, struct up_service *service, struct list *ret, struct error *e)
{
	const struct up_patience patience = { service->update.timeout_us, service->update.monitor_us };
	const char *failed = NULL;

	for (size_t i = 0; i < up->plan.count; i++) {
		const struct plan_action *action = &up->plan.actions[i];

		if (!is_added(service, action))
			continue;
		list_add(ret, action->instance);
		if (up_make(up, service, action->replica, action->generation, /* is_standby= */ true, e))
			return -1;
	}
	up_point("made");
	if (up_begin_all(up, ret, &failed, e) == 0 && up_wait_all(up, ret, service->is_checked, patience, &failed, e) == 0)
		return 0;
	if (failed)
		(void)up_explain(up, failed);
	return -1;
}

/* All that are missing, at once. Where one does not become ready, none of them stays. */
static int add_replicas(struct up *up, struct up_service *service, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (make_added(up, service, &names, e)) {
		for (size_t i = 0; i < names.count; i++)
			(void)background_remove(up->call->places, names.items[i], /* force= */ true, &(struct error){ 0 });
		return error_in(e, "add replicas of %s: what ran before goes on", service->wanted.full);
	}
	for (size_t i = 0; i < names.count; i++)
		if (instance_promote(up->call->places, names.items[i], e))
			return -1;
	up_point("promoted");
	if (lead_to_live(up, service, e))
		return -1;
	for (size_t i = 0; i < names.count; i++)
		up_tell_started(up, names.items[i]);
	return 0;
}

/* It runs already, or was about to. */
static int promote(struct up *up, struct up_service *service, const struct plan_action *action, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	list_add(&names, action->instance);
	return start_all(up, service, &names, e) || instance_promote(up->call->places, action->instance, e) || lead_to_live(up, service, e)
		       ? -1
		       : 0;
}

static int retire(struct up *up, const struct up_service *service, const struct plan_action *action, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	list_add(&names, action->instance);
	if (lead_to_live(up, service, e))
		return -1;
	traffic_drain(up, service, &names);
	return up_retire(up, action->instance, e);
}

static int remove_one(struct up *up, const struct plan_action *action, struct error *e)
{
	if (background_stop(up->call->places, action->instance, /* grace_us= */ -1, e) ||
	    background_remove(up->call->places, action->instance, /* force= */ true, e))
		return -1;
	up_tell(up, "removed %s", action->instance);
	return 0;
}

static bool is_first_added(const struct up *up, const struct up_service *service, const struct plan_action *action)
{
	const struct plan_action *first = up->plan.actions;

	while (!is_added(service, first))
		first++;
	return action == first;
}

static int act(struct up *up, struct up_service *service, const struct plan_action *action, bool *ret_replaced, struct error *e)
{
	/* An interrupted replace is ended by who has the file: its networks and ports are needed for that. */
	if (up->started && (action->kind == PLAN_PROMOTE || action->kind == PLAN_RETIRE))
		return 0;
	switch (action->kind) {
	case PLAN_KEEP:
	case PLAN_DONE:
	case PLAN_ORPHAN: return 0;
	case PLAN_CREATE: return create(up, service, action->generation, e);
	case PLAN_START: return start_one(up, service, action, e);
	case PLAN_RESTART: return restart_one(up, service, action, e);
	case PLAN_ADD: return is_first_added(up, service, action) ? add_replicas(up, service, e) : 0;
	case PLAN_PROMOTE: return promote(up, service, action, e);
	case PLAN_REMOVE: return remove_one(up, action, e);
	case PLAN_RETIRE: return retire(up, service, action, e);
	case PLAN_REPLACE:
		*ret_replaced = true;
		return up_replace(up, service, action, e);
	}
	return 0;
}

int up_act(struct up *up, struct up_service *service, bool *ret_replaced, struct error *e)
{
	for (size_t i = 0; i < up->plan.count; i++)
		if (strcmp(up->plan.actions[i].service, service->wanted.full) == 0 && act(up, service, &up->plan.actions[i], ret_replaced, e))
			return -1;
	return 0;
}
