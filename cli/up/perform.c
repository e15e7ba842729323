/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perform.c - carries a plan out: services that do not depend on each other at the same time.
 *
 * A service has a process of its own, because everything below may wait. It begins when those that the service depends on have done theirs,
 * waits for the conditions, acts, and puts its result into memory that it shares with its parent. Who fails does not keep those that do
 * not depend on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "runtime/background.h"

enum { AT_ONCE = 32, SETTLE_MS = 300 };

struct outcome {
	enum { WAITING, AT_WORK, DONE, FAILED } state;
	bool was_replaced;
	pid_t pid;
	struct error e;
};

struct work {
	struct up *up;
	struct outcome *outcomes; /* shared; one per service */
	size_t running;
	bool has_begun; /* one of them at least */
};

/* Which of the plan's actions change something of it. */
static bool has_work(const struct up *up, const struct up_service *service)
{
	for (size_t i = 0; i < up->plan.count; i++) {
		const struct plan_action *action = &up->plan.actions[i];

		if (strcmp(action->service, service->wanted.full) == 0 && action->kind != PLAN_KEEP && action->kind != PLAN_DONE)
			return true;
	}
	return false;
}

static int wait_for_all(const struct work *work, const struct up_service *service, bool *ret_restart, struct error *e)
{
	for (size_t i = 0; service->written && i < service->written->dependency_count; i++) {
		const struct stack_dependency *dependency = &service->written->dependencies[i];
		size_t on = up_find_service(work->up, dependency->service);

		if (on == work->up->count || !work->up->services[on].wanted.is_wanted || work->outcomes[on].state == FAILED)
			continue; /* required ones have been looked at before */
		if (up_wait_condition(work->up, service->wanted.full, dependency, e))
			return -1;
		*ret_restart |= dependency->restart && work->outcomes[on].was_replaced;
	}
	return 0;
}

static int restart(const struct work *work, const struct up_service *service, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (up_live(work->up, service, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (background_restart(work->up->call->places, names.items[i], /* grace_us= */ -1, e))
			return -1;
		up_tell(work->up, "restarted %s", names.items[i]);
	}
	return 0;
}

static int act(const struct work *work, size_t i, struct error *e)
{
	struct up_service *service = &work->up->services[i];
	bool is_to_restart = false, was_at_work = has_work(work->up, service);

	if (wait_for_all(work, service, &is_to_restart, e) || up_act(work->up, service, &work->outcomes[i].was_replaced, e))
		return -1;
	return is_to_restart && !was_at_work ? restart(work, service, e) : 0;
}

static void begin(struct work *work, size_t i)
{
	struct outcome *outcome = &work->outcomes[i];
	pid_t pid;
	int result;

	outcome->state = AT_WORK;
	pid = process_clone_bound(/* ret_pidfd= */ NULL, &outcome->e);
	if (pid == 0) { /* the outcome is shared: its pid is the parent's to note */
		result = act(work, i, &outcome->e);
		outcome->state = result ? FAILED : DONE;
		_exit(0);
	}
	if (pid < 0) {
		outcome->state = FAILED;
		return;
	}
	outcome->pid = pid;
	work->running++;
	work->has_begun = true;
}

/* 1: it can begin, or needs not; 0: it waits; -1: one that it needs has failed. */
static int is_free(const struct work *work, size_t i, struct error *e)
{
	const struct stack_service *written = work->up->services[i].written;

	for (size_t k = 0; written && k < written->dependency_count; k++) {
		size_t on = up_find_service(work->up, written->dependencies[k].service);

		if (on == work->up->count || !work->up->services[on].wanted.is_wanted)
			continue;
		if (work->outcomes[on].state == FAILED && written->dependencies[k].is_required)
			return error_set(e, ERROR_KERNEL, "%s is left as it was: %s, which it depends on, has failed",
					 work->up->services[i].wanted.full, work->up->services[on].wanted.full);
		if (work->outcomes[on].state == WAITING || work->outcomes[on].state == AT_WORK)
			return 0;
	}
	return 1;
}

/* Some that it depends on may have been replaced, and ask for its restart. */
static bool may_have_work(const struct work *work, size_t i)
{
	const struct stack_service *written = work->up->services[i].written;

	if (has_work(work->up, &work->up->services[i]))
		return true;
	for (size_t k = 0; written && k < written->dependency_count; k++) {
		size_t on = up_find_service(work->up, written->dependencies[k].service);

		if (on < work->up->count && written->dependencies[k].restart && work->outcomes[on].was_replaced)
			return true;
	}
	return false;
}

/* Whatever can begin now does. False: nothing has changed. */
static bool begin_all(struct work *work)
{
	bool has_moved = false;

	for (size_t i = 0; i < work->up->count && work->running < AT_ONCE; i++) {
		struct outcome *outcome = &work->outcomes[i];
		int free_now;

		if (outcome->state != WAITING)
			continue;
		free_now = work->up->services[i].wanted.is_wanted ? is_free(work, i, &outcome->e) : 1;
		if (free_now < 0)
			outcome->state = FAILED;
		else if (free_now && (!work->up->services[i].wanted.is_wanted || !may_have_work(work, i)))
			outcome->state = DONE;
		else if (free_now)
			begin(work, i);
		has_moved |= free_now != 0;
	}
	return has_moved;
}

static void reap(struct work *work)
{
	pid_t pid = waitpid(-1, NULL, 0);

	if (pid < 0 && errno == ECHILD)
		work->running = 0; /* cannot be */
	for (size_t i = 0; pid > 0 && i < work->up->count; i++) {
		struct outcome *outcome = &work->outcomes[i];

		if (outcome->pid != pid)
			continue;
		work->running--;
		if (outcome->state != AT_WORK)
			continue;
		outcome->state = FAILED;
		error_set(&outcome->e, ERROR_INTERNAL, "%s: its process was ended", work->up->services[i].wanted.full);
	}
}

static void run_all(struct work *work)
{
	do {
		while (begin_all(work))
			continue;
		if (work->running)
			reap(work);
	} while (work->running || begin_all(work));
}

/* Those of no service of the file, at last. */
static int remove_orphans(struct up *up)
{
	struct up_service nobody = { .update = { 0 } };
	int status = 0;

	for (size_t i = 0; i < up->plan.count; i++) {
		const struct plan_action *action = &up->plan.actions[i];
		bool ignored = false;
		struct error e = { 0 };

		if (up_service_of(up, action->service) || action->kind != PLAN_REMOVE)
			continue;
		nobody.wanted.full = action->service;
		if (up_act(up, &nobody, &ignored, &e))
			status = report_failure(&e);
		while (i + 1 < up->plan.count && strcmp(up->plan.actions[i + 1].service, action->service) == 0)
			i++; /* all of that service are gone */
	}
	return status;
}

/* What ends as soon as it has begun is found out here, once for all. */
static int settle(const struct work *work)
{
	struct up *up = work->up;
	int status = 0;

	if (!work->has_begun)
		return 0;
	usleep(SETTLE_MS * 1000);
	for (size_t i = 0; i < up->count; i++) {
		const struct up_patience patience = { up->services[i].update.timeout_us, 0 };
		autorelease(list) struct list names = { 0 };
		struct error unknown = { 0 };

		if (work->outcomes[i].state != DONE || !work->outcomes[i].pid)
			continue;
		if (up_live(up, &up->services[i], &names, &unknown))
			status = report_failure(&unknown);
		for (size_t k = 0; k < names.count; k++) {
			struct error e = { 0 };

			if (up_wait_ready(up, names.items[k], /* is_checked= */ false, patience, &e) == 0)
				continue;
			(void)up_explain(up, names.items[k]);
			status = report_failure(&e);
		}
	}
	return status;
}

/* What stays as it is, and is not healthy (yet). */
static int look_at_kept(const struct work *work)
{
	struct up *up = work->up;
	int status = 0;

	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];
		const struct up_service *service = up_service_of(up, instance->service);
		const struct outcome *outcome = service ? &work->outcomes[service - up->services] : NULL;
		struct error e = { 0 };

		if (!outcome || outcome->state != DONE || outcome->pid || !service->wanted.is_wanted || !service->is_checked ||
		    instance->role != INSTANCE_LIVE ||
		    !up->conditions[i].is_running || strcmp(up->conditions[i].health, "healthy") == 0 ||
		    up_wait_ready(up, instance->name, /* is_checked= */ true, (struct up_patience){ service->update.timeout_us, 0 }, &e) == 0)
			continue;
		(void)up_explain(up, instance->name);
		status = report_failure(&e);
	}
	return status;
}

void up_audit(const struct up *up)
{
	for (size_t i = 0; i < up->plan.count; i++)
		if (up->plan.actions[i].kind != PLAN_KEEP)
			audit_container(up->call->audit, up->plan.actions[i].instance);
}

int up_perform(struct up *up)
{
	size_t size = (up->count + 1) * sizeof(struct outcome);
	struct outcome *outcomes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct work work = { .up = up, .outcomes = outcomes };
	struct error e = { 0 };
	int status = 0, orphans;

	if (outcomes == MAP_FAILED) {
		error_sys(&e, "share memory for results");
		return report_failure(&e);
	}
	up_audit(up);
	run_all(&work);
	for (size_t i = 0; i < up->count; i++)
		if (outcomes[i].state == FAILED)
			status = report_failure(&outcomes[i].e);
	orphans = remove_orphans(up);
	status = orphans ? orphans : status;
	if (!up->options->no_wait) {
		int early = settle(&work), kept = up->started || up->options->needed_only ? 0 : look_at_kept(&work);

		status = early ? early : kept ? kept : status;
	}
	(void)munmap(outcomes, size); /* our own mapping */
	return status;
}
