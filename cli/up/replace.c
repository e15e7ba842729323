/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replace.c - one generation of a service takes the place of another.
 *
 *     start-first: make the new one (standby) -> start it -> ready? -> promote, lead -> drain the old one -> stop and retire it
 *     stop-first:  make the new one (standby) -> hold connections, drain the old one, stop it -> start the new one -> ready?
 *                  -> promote, lead -> retire the old one
 *
 * Up to "promote" the old generation is the one that counts, whoever dies: the next up finds a standby, and goes on or removes it. From
 * "promote" on the new one counts, and what is left to be done is in the roles of the old one. A new one that does not become ready, or
 * to which some network cannot lead, is removed, and the old one goes on, or is started again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/dropped.h"
#include "cli/up/traffic.h"
#include "cli/up/up.h"
#include "cli/wide_ports.h"
#include "runtime/background.h"
#include "runtime/logs/events.h"

struct change {
	struct up *up;
	struct up_service *service;
	const struct plan_action *action;
	struct list old, new;
	struct list running; /* of the old ones */
};

static int make_new(struct change *c, struct error *e)
{
	for (int64_t replica = 1; replica <= c->service->wanted.replicas; replica++) {
		list_take(&c->new, instance_name(c->service->wanted.full, replica, c->action->generation));
		if (up_make(c->up, c->service, replica, c->action->generation, /* is_standby= */ true, e))
			return -1;
	}
	up_point("made");
	return 0;
}

/* The first cause is what counts, here and where else something is taken back. */
static void stop_new(const struct change *c)
{
	for (size_t i = 0; i < c->new.count; i++)
		(void)background_stop(c->up->call->places, c->new.items[i], /* grace_us= */ -1, &(struct error){ 0 });
}

static int start_new(const struct change *c, struct error *e)
{
	const struct up_patience patience = { c->service->update.timeout_us, c->service->update.monitor_us };
	const char *failed = NULL;

	if (up_begin_all(c->up, &c->new, &failed, e)) {
		error_in(e, "start %s", failed);
	} else {
		up_point("started");
		if (up_wait_all(c->up, &c->new, c->service->is_checked, patience, &failed, e) == 0)
			return 0;
	}
	stop_new(c); /* its end is part of the story */
	/* Not the same words twice. */
	if (up_explain(c->up, failed)) {
		error_clear(e);
		error_set(e, ERROR_KERNEL, "%s could not be started", failed);
	}
	return -1;
}

static void remove_new(const struct change *c)
{
	for (size_t i = 0; i < c->new.count; i++)
		(void)background_remove(c->up->call->places, c->new.items[i], /* force= */ true, &(struct error){ 0 });
}

static int stop_old(const struct change *c, struct error *e)
{
	for (size_t i = 0; i < c->old.count; i++)
		if (background_stop(c->up->call->places, c->old.items[i], /* grace_us= */ -1, e))
			return error_in(e, "stop %s", c->old.items[i]);
	up_point("stopped");
	return 0;
}

/* What could not be stopped goes on, with its connections. */
static void lead_back(const struct change *c)
{
	(void)traffic_lead_back(c->up, c->service, &c->running, &(struct error){ 0 });
}

/* From here on the new generation is the one. */
static int promote(const struct change *c, struct error *e)
{
	for (size_t i = 0; i < c->new.count; i++)
		if (instance_promote(c->up->call->places, c->new.items[i], e))
			return -1;
	up_point("promoted");
	return traffic_lead(c->up, c->service, &c->new, e);
}

/* Those that were retired before go; what has just been replaced is kept for box rollback. */
static int retire_old(const struct change *c, struct error *e)
{
	struct instances all = { 0 };
	int result = instances_find(c->up->call->places, c->service->wanted.full, &all, e);

	for (size_t i = 0; i < c->old.count && result == 0; i++)
		result = up_retire(c->up, c->old.items[i], e);
	up_point("retired");
	for (size_t i = 0; i < all.count && result == 0; i++)
		if (all.items[i].role == INSTANCE_RETIRED)
			result = background_remove(c->up->call->places, all.items[i].name, /* force= */ true, e);
	instances_release(&all);
	return result;
}

/* It is not, after all. Connections lead somewhere else by now: whoever is killed before this leaves a new generation that counts. */
static void demote(const struct change *c)
{
	for (size_t i = 0; i < c->new.count; i++)
		(void)instance_demote(c->up->call->places, c->new.items[i], &(struct error){ 0 });
	stop_new(c);
}

/* First connections lead to what runs, by the service's address and by ports; the end of the new ones may take a while. */
static void take_back(const struct change *c, bool is_promoted, const struct list *ports)
{
	if (is_promoted)
		lead_back(c);
	if (ports)
		traffic_return_ports(c->up, c->service, ports);
	if (is_promoted)
		demote(c);
	remove_new(c);
}

static int start_first(const struct change *c, struct error *e)
{
	autorelease(list) struct list ports = { 0 };
	bool is_noted = traffic_note_ports(c->up, c->service, &ports), has_begun = start_new(c, e) == 0;

	if (!has_begun || promote(c, e)) {
		take_back(c, has_begun, is_noted ? &ports : NULL);
		return error_in(e, "replace %s: what ran before goes on", c->service->wanted.full);
	}
	traffic_drain(c->up, c->service, &c->old);
	up_point("drained");
	return retire_old(c, e);
}

static int promote_or_hold(const struct change *c, struct error *e)
{
	if (promote(c, e) == 0)
		return 0;
	(void)traffic_hold(c->up, c->service, &(struct error){ 0 });
	demote(c);
	return -1;
}

static int stop_first(const struct change *c, struct error *e)
{
	struct error again = { 0 };
	const char *failed = NULL;

	if (traffic_hold(c->up, c->service, e)) {
		lead_back(c);
		return -1;
	}
	traffic_drain(c->up, c->service, &c->running);
	if (stop_old(c, e)) {
		lead_back(c);
		return -1;
	}
	if (start_new(c, e) == 0 && promote_or_hold(c, e) == 0)
		return retire_old(c, e);
	remove_new(c);
	if (up_begin_all(c->up, &c->running, &failed, &again)) {
		report_failure(&again);
		return error_in(e, "replace %s", c->service->wanted.full);
	}
	if (traffic_lead_back(c->up, c->service, &c->running, &again))
		report_failure(&again);
	return error_in(e, "replace %s: %s", c->service->wanted.full,
			c->running.count ? "what ran before runs again" : "what was there before, and did not run, stays");
}

/* What runs now, whatever generation it is of. */
static void find_old(struct change *c)
{
	for (size_t i = 0; i < c->up->found.count; i++) {
		const struct instance *instance = &c->up->found.items[i];

		if (strcmp(instance->service, c->service->wanted.full) != 0 || instance->role != INSTANCE_LIVE)
			continue;
		list_add(&c->old, instance->name);
		if (c->up->conditions[i].is_supervised)
			list_add(&c->running, instance->name);
	}
}

int up_replace(struct up *up, struct up_service *service, const struct plan_action *action, struct error *e)
{
	struct change c = { .up = up, .service = service, .action = action };
	int result;

	find_old(&c);
	if (service->stack && !up->options->quiet)
		wide_ports_say(&service->run.container);
	if (action->order == UPDATE_STOP_FIRST && service->wanted.obstacle && service->wanted.order != UPDATE_STOP_FIRST) {
		autofree char *line = text_format("%s is stopped before the new one starts: %s", service->wanted.full, service->wanted.obstacle);

		report_line(line);
	}
	for (size_t i = 0; i < c.old.count; i++) {
		up_tell_dropped(up, c.old.items[i]);
		up_tell_left_volumes(up, service, c.old.items[i]);
	}
	result = make_new(&c, e)						  ? -1
		 : action->order == UPDATE_START_FIRST && c.running.count ? start_first(&c, e)
									  : stop_first(&c, e);
	if (result == 0) {
		events_note(up->call->places, "container", "replace", action->instance, NULL);
		if (c.new.count > 1)
			up_tell(up, "replaced %s by %s (%zu replicas)", c.old.count ? c.old.items[0] : service->wanted.full,
				action->instance, c.new.count);
		else
			up_tell(up, "replaced %s by %s", c.old.count ? c.old.items[0] : service->wanted.full, action->instance);
	}
	list_release(&c.old);
	list_release(&c.new);
	list_release(&c.running);
	return result;
}
