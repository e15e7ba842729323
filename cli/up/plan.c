/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - from what is written and what is there to what has to be done.
 */
#include "cli/up/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "runtime/apps/instances.h"

/* One service with what is there of it. */
struct view {
	const struct plan_service *wanted;
	const struct instances *found;
	const struct instance_condition *conditions;
	struct plan *plan;
	int64_t live, standby, retired, highest; /* generations; 0: none. retired: or about to be */
};

static struct plan_action *add(const struct view *view, enum plan_kind kind, char *instance, char *reason)
{
	struct plan_action *action = alloc_append(&view->plan->actions, &view->plan->count, sizeof *action);

	*action = (struct plan_action){ .kind = kind, .service = view->wanted ? view->wanted->full : NULL, .instance = instance,
					.reason = reason };
	return action;
}

static void add_one(const struct view *view, enum plan_kind kind, const struct instance *instance, const char *reason)
{
	struct plan_action *action = add(view, kind, alloc_copy(instance->name), alloc_copy(reason));

	action->service = action->service ? action->service : instance->service;
	action->replica = instance->replica;
	action->generation = instance->generation;
}

static bool is_of(const struct view *view, const struct instance *instance)
{
	return strcmp(instance->service, view->wanted->full) == 0;
}

static void look(struct view *view)
{
	for (size_t i = 0; i < view->found->count; i++) {
		const struct instance *instance = &view->found->items[i];

		if (!is_of(view, instance))
			continue;
		if (instance->generation > view->highest)
			view->highest = instance->generation;
		if (instance->role == INSTANCE_LIVE)
			view->live = instance->generation;
		if (instance->role == INSTANCE_STANDBY && instance->generation > view->standby)
			view->standby = instance->generation;
		if ((instance->role == INSTANCE_RETIRED || instance->role == INSTANCE_REPLACED) && instance->generation > view->retired)
			view->retired = instance->generation;
	}
}

static const struct instance *find(const struct view *view, enum instance_role role, int64_t replica)
{
	for (size_t i = 0; i < view->found->count; i++) {
		const struct instance *instance = &view->found->items[i];

		if (is_of(view, instance) && instance->role == role && (!replica || instance->replica == replica))
			return instance;
	}
	return NULL;
}

static bool is_as_wanted(const struct view *view, const struct instance *instance)
{
	return instance && view->wanted->digest && text_equal(instance->digest, view->wanted->digest);
}

/* A standby generation goes on where it is what is wanted, and is not what runs already. */
static bool goes_on(const struct view *view)
{
	return view->standby > view->live && is_as_wanted(view, find(view, INSTANCE_STANDBY, 0)) &&
	       !is_as_wanted(view, find(view, INSTANCE_LIVE, 0));
}

/* What an up that was killed has left. */
static void finish_interrupted(const struct view *view)
{
	for (size_t i = 0; i < view->found->count; i++) {
		const struct instance *instance = &view->found->items[i];

		if (!is_of(view, instance))
			continue;
		if (instance->role == INSTANCE_STANDBY && instance->generation == view->live)
			add_one(view, PLAN_PROMOTE, instance, "an interrupted replace goes on");
		else if (instance->role == INSTANCE_STANDBY && (instance->generation != view->standby || !goes_on(view)))
			add_one(view, PLAN_REMOVE, instance, "an interrupted replace has left it");
	}
	for (size_t i = 0; i < view->found->count; i++)
		if (is_of(view, &view->found->items[i]) && view->found->items[i].role == INSTANCE_REPLACED)
			add_one(view, PLAN_RETIRE, &view->found->items[i], "an interrupted replace goes on");
	/* No more than one generation is kept for box rollback. */
	for (size_t i = 0; i < view->found->count; i++)
		if (is_of(view, &view->found->items[i]) && view->found->items[i].role == INSTANCE_RETIRED &&
		    view->found->items[i].generation < view->retired)
			add_one(view, PLAN_REMOVE, &view->found->items[i], "an interrupted replace has left it");
}

static void replace(const struct view *view)
{
	const struct plan_service *wanted = view->wanted;
	int64_t generation = goes_on(view) ? view->standby : view->highest + 1;
	bool overlaps = wanted->order != UPDATE_STOP_FIRST && !wanted->obstacle;
	const char *changes = wanted->changes ? wanted->changes : "it was changed";
	char *reason = overlaps || !wanted->obstacle || wanted->order == UPDATE_STOP_FIRST
			       ? alloc_copy(changes)
			       : text_format("%s; two of them cannot run at once: %s", changes, wanted->obstacle);
	struct plan_action *action = add(view, PLAN_REPLACE, instance_name(wanted->full, 1, generation), reason);

	action->generation = generation;
	action->replicas = wanted->replicas;
	action->order = overlaps ? UPDATE_START_FIRST : UPDATE_STOP_FIRST;
}

static void judge(const struct view *view, const struct instance *instance, const struct instance_condition *condition)
{
	const char *waits = condition->is_waiting ? ", and waits for its next start" : "";
	char *reason;

	if (condition->is_running && condition->lost_network) {
		reason = text_format("its network %s has gone", condition->lost_network);
		add_one(view, PLAN_RESTART, instance, reason);
		free(reason);
		return;
	}
	/* Whoever calls box up has perhaps mended what it fails on. */
	if (condition->is_supervised && !condition->is_waiting) {
		add_one(view, PLAN_KEEP, instance, NULL);
		return;
	}
	if (!condition->is_waiting && condition->has_run && !condition->code && !condition->signal && !condition->was_stopped &&
	    strcmp(view->wanted->restart, "no") == 0) {
		add_one(view, PLAN_DONE, instance, "it has ended well, and nothing has changed since");
		return;
	}
	reason = !condition->has_run	? alloc_copy("it has not run yet")
		 : condition->signal	? text_format("signal %jd ended it%s", (intmax_t)condition->signal, waits)
		 : condition->code < 0	? alloc_copy("it does not run")
		 : condition->was_stopped ? alloc_copy("it was stopped")
					: text_format("it has ended with exit code %jd%s", (intmax_t)condition->code, waits);
	add_one(view, PLAN_START, instance, reason);
	free(reason);
}

static void keep_or_start(const struct view *view)
{
	for (size_t i = 0; i < view->found->count; i++) {
		const struct instance *instance = &view->found->items[i];

		if (!is_of(view, instance) || instance->role != INSTANCE_LIVE)
			continue;
		if (instance->replica > view->wanted->replicas)
			add_one(view, PLAN_REMOVE, instance, "there are more replicas than are written");
		else
			judge(view, instance, &view->conditions[i]);
	}
	for (int64_t replica = 1; replica <= view->wanted->replicas; replica++) {
		struct plan_action *action;

		/* One that is still standby is promoted. */
		if (find(view, INSTANCE_LIVE, replica) || (view->standby == view->live && find(view, INSTANCE_STANDBY, replica)))
			continue;
		action = add(view, PLAN_ADD, instance_name(view->wanted->full, replica, view->live),
			     alloc_copy("there are fewer replicas than are written"));
		action->replica = replica;
		action->generation = view->live;
	}
}

static void plan_service(struct view *view)
{
	const struct instance *live;

	look(view);
	live = find(view, INSTANCE_LIVE, 0);
	finish_interrupted(view);
	if (!live && !goes_on(view)) {
		int64_t generation = view->highest + 1;
		struct plan_action *action = add(view, PLAN_CREATE, instance_name(view->wanted->full, 1, generation), NULL);

		action->generation = generation;
		action->replica = 1;
		action->replicas = view->wanted->replicas;
	} else if (is_as_wanted(view, live)) {
		keep_or_start(view);
	} else {
		replace(view);
	}
}

static bool is_known(const struct plan_service *wanted, size_t count, const char *service)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(wanted[i].full, service) == 0)
			return true;
	return false;
}

void up_plan_make(const struct plan_service *wanted, size_t count, const struct instances *found,
		  const struct instance_condition *conditions, bool remove_orphans, struct plan *ret)
{
	*ret = (struct plan){ 0 };
	for (size_t i = 0; i < count; i++) {
		struct view view = { .wanted = &wanted[i], .found = found, .conditions = conditions, .plan = ret };

		if (wanted[i].is_wanted)
			plan_service(&view);
	}
	/* Those of the highest levels first: nobody of the others waits for them. */
	for (size_t i = found->count; i-- > 0;) {
		const struct view orphan = { .found = found, .conditions = conditions, .plan = ret };

		if (is_known(wanted, count, found->items[i].service))
			continue;
		if (remove_orphans)
			add_one(&orphan, PLAN_REMOVE, &found->items[i], "the file has no such service");
		else if (found->items[i].role != INSTANCE_RETIRED)
			add_one(&orphan, PLAN_ORPHAN, &found->items[i], "the file has no such service; --remove-orphans removes it");
	}
}

void up_plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->actions[i].instance);
		free(plan->actions[i].reason);
	}
	free(plan->actions);
	*plan = (struct plan){ 0 };
}

bool up_plan_has_changes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->actions[i].kind != PLAN_KEEP && plan->actions[i].kind != PLAN_DONE && plan->actions[i].kind != PLAN_ORPHAN)
			return true;
	return false;
}
