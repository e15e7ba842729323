/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_plan.h - how the health of an app is checked: the file "health" of its definition, written once, when the app is made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

#define HEALTH_PLAN_FILE "health"

/* Words of the file. */
#define PROBE_EXEC "exec" /* a program in the app: box app-check does it */
#define PROBE_HTTP "http"
#define PROBE_TCP "tcp"
#define REMEDY_RESTART "restart"
#define REMEDY_STOP "stop"

struct health_plan {
	char *probe;  /* one of the words above; NULL: the app has no check */
	char *remedy; /* for an unhealthy app: one of the words above, or "none" */
	char *test;   /* exec: {"test": [program, argument…]} */
	char *path, *host; /* http */
	int64_t port;
	int64_t retries;
	int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms;
	int64_t has_network; /* 1: a network namespace of its own */
};

/* From and to the open folder of the definition. An app without a check has no such file: everything is NULL and 0. */
int health_plan_read(int definition, struct health_plan *ret, struct error *e);
int health_plan_write(int definition, const struct health_plan *plan, struct error *e);
void health_plan_release(struct health_plan *plan);
