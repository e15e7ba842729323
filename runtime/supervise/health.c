/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.c - the health of the app.
 */
#include "runtime/supervise/health.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"

enum { PATIENCE_MS = 1000 }; /* box app-check ends what is late by itself, and everything that it began */

enum health_event health_judge(const struct health_plan *plan, struct health_record *record, int64_t began_ms, bool is_good)
{
	bool is_grace = record->status == HEALTH_STARTING && began_ms < plan->start_period_ms;

	if (is_good) {
		record->streak = 0;
		if (record->status == HEALTH_HEALTHY)
			return HEALTH_SAME;
		record->status = HEALTH_HEALTHY;
		return HEALTH_WELL;
	}
	if (is_grace || ++record->streak < plan->retries || record->status == HEALTH_UNHEALTHY)
		return HEALTH_SAME;
	record->status = HEALTH_UNHEALTHY;
	return HEALTH_ILL;
}

int64_t health_pause(const struct health_plan *plan, const struct health_record *record, int64_t ended_ms)
{
	return record->status == HEALTH_STARTING && ended_ms < plan->start_period_ms ? plan->start_interval_ms : plan->interval_ms;
}

int health_open(struct health *h, const struct health_plan *plan, const struct probe_app *app, int state, struct error *e)
{
	*h = (struct health){ .plan = plan, .app = *app, .state = state, .probe = { .pidfd = -1, .output = -1 }, .next_ms = INT64_MAX,
			      .late_ms = INT64_MAX };
	if (!plan->probe)
		return 0;
	h->record = health_record_open(state, e);
	return h->record ? 0 : -1;
}

void health_close(struct health *h)
{
	health_rest(h);
	health_record_close(h->record);
	h->record = NULL;
}

void health_begin(struct health *h, int pidfd, int64_t started_ms, bool is_new, int64_t now_ms)
{
	if (!h->record)
		return;
	h->app.pidfd = pidfd;
	h->started_ms = started_ms;
	health_record_begin(h->record);
	if (is_new || h->record->status == HEALTH_UNCHECKED) {
		h->record->status = HEALTH_STARTING;
		h->record->streak = 0;
		h->record->count = 0;
	}
	health_record_end(h->record);
	h->next_ms = now_ms + health_pause(h->plan, h->record, now_ms - started_ms);
}

void health_rest(struct health *h)
{
	probe_kill(&h->probe);
	h->next_ms = h->late_ms = INT64_MAX;
}

int64_t health_watch(const struct health *h, struct pollfd *polls)
{
	polls[0] = (struct pollfd){ .fd = h->probe.pid ? h->probe.pidfd : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = h->probe.pid ? h->probe.output : -1, .events = POLLIN };
	return h->probe.pid ? h->late_ms : h->next_ms;
}

/* A paused app cannot answer: that is no word about its health. box pause leaves a file. */
static bool is_paused(const struct health *h)
{
	return faccessat(h->state, HEALTH_PAUSED_FILE, F_OK, 0) == 0;
}

static void plan_next(struct health *h, int64_t now_ms)
{
	h->late_ms = INT64_MAX;
	h->next_ms = now_ms + health_pause(h->plan, h->record, now_ms - h->started_ms);
}

void health_put_off(struct health *h, int64_t now_ms)
{
	if (!h->probe.pid)
		return;
	probe_kill(&h->probe);
	plan_next(h, now_ms);
}

/* The check has ended with code. */
static enum health_event take_result(struct health *h, int code, int64_t now_ms)
{
	struct health_result *result = health_record_next(h->record);
	enum health_event event = HEALTH_SAME;

	result->code = code;
	result->lasted_ms = now_ms - h->began_ms;
	if (code == 0 || !is_paused(h)) {
		health_record_begin(h->record);
		h->record->count++;
		event = health_judge(h->plan, h->record, h->began_ms - h->started_ms, code == 0);
		health_record_end(h->record);
	}
	plan_next(h, now_ms);
	return event;
}

static void start_check(struct health *h, int64_t now_ms)
{
	struct health_result *result = health_record_next(h->record);
	struct error e = { 0 };

	plan_next(h, now_ms);
	result->began_ms = clock_since_1970_ms();
	result->length = 0;
	/* The host may have no process or descriptor left: that is no word about the app either, and the next check comes. */
	if (is_paused(h) || probe_start(&h->probe, h->plan, &h->app, &e))
		return;
	h->began_ms = now_ms;
	h->next_ms = INT64_MAX;
	h->late_ms = now_ms + h->plan->timeout_ms + (strcmp(h->plan->probe, PROBE_EXEC) == 0 ? PATIENCE_MS : 0);
}

enum health_event health_serve(struct health *h, int64_t now_ms)
{
	int code;

	if (!h->probe.pid) {
		if (now_ms >= h->next_ms)
			start_check(h, now_ms);
		return HEALTH_SAME;
	}
	probe_hear(&h->probe, health_record_next(h->record));
	if (probe_has_ended(&h->probe, &code))
		return take_result(h, code == HEALTH_LATE_CODE ? HEALTH_TOO_LATE : code, now_ms);
	if (now_ms < h->late_ms)
		return HEALTH_SAME;
	probe_kill(&h->probe);
	return take_result(h, HEALTH_TOO_LATE, now_ms);
}
