/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - the health of the app, part of the supervisor's poll loop.
 *
 *     STARTING --success--> HEALTHY --retries failures in a row--> UNHEALTHY --success--> HEALTHY
 *         \-----------------retries failures in a row-------------^
 *
 * As Docker has it: a check begins one interval after the one before has ended. Until the first success, failures of checks that
 * began in the start period do not count, and start_interval is their interval. There are no threads, and the loop wakes for a check alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/supervise/probe.h"

struct error;
struct health_plan;
struct health_record;
struct pollfd;

enum health_event {
	HEALTH_SAME,
	HEALTH_WELL, /* it has become healthy */
	HEALTH_ILL,  /* it has become unhealthy */
};

enum { HEALTH_POLLS = 2 };

struct health {
	const struct health_plan *plan;
	struct health_record *record; /* mapped; NULL: the app has no check */
	struct probe_app app;
	struct probe probe;
	int state;          /* borrowed */
	int64_t started_ms; /* the app; like the rest by the loop's clock */
	int64_t began_ms;   /* the check that runs */
	int64_t next_ms;    /* when the next one begins; INT64_MAX: not now */
	int64_t late_ms;    /* when the one that runs is ended */
};

/* An app with that plan, which is borrowed, as are the texts of app and the open state folder. Nothing is checked yet. */
int health_open(struct health *h, const struct health_plan *plan, const struct probe_app *app, int state, struct error *e);
void health_close(struct health *h);

/* The app runs since started_ms: checks begin. is_new: it has just been started; else it was found running, and its record goes on. */
void health_begin(struct health *h, int pidfd, int64_t started_ms, bool is_new, int64_t now_ms);

/* The app has ended, or has been asked to: no check any more. The record stays. */
void health_rest(struct health *h);

/* The check that is at work ends without a result, and the next one comes at its time: a check may take as long as an image likes. */
void health_put_off(struct health *h, int64_t now_ms);

/* What to wait for: fills HEALTH_POLLS entries, and the time at which health_serve wants to be called at the latest (INT64_MAX: none). */
int64_t health_watch(const struct health *h, struct pollfd *polls);

/* Does what is due, after poll(2) filled the entries or the time came. */
enum health_event health_serve(struct health *h, int64_t now_ms);

/* The rules, without side effects but on the record. began_ms: when a check began, counted from the start of the app. */
enum health_event health_judge(const struct health_plan *plan, struct health_record *record, int64_t began_ms, bool is_good);

/* Milliseconds from the end of a check, ended_ms after the start of the app, to the next one. */
int64_t health_pause(const struct health_plan *plan, const struct health_record *record, int64_t ended_ms);
