/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - one check of an app's health: a process that the supervisor begins, hears, and ends.
 *
 * exec is done by "box app-check NAME", which reads the test from the definition, enters the app and ends everything that the check has
 * begun; HTTP and TCP by a copy of this process in the app's network namespace, which needs nothing of the image. Its end with 0 is good
 * health.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;
struct health_plan;
struct health_result;

struct probe_app {
	const char *name, *state, *store; /* state: the folder of all states */
	const char *box; /* the program */
	int pidfd;       /* of the app's first process; borrowed */
};

struct probe {
	pid_t pid;  /* 0: none runs */
	int pidfd;
	int output; /* read end, does not block; -1: ended */
};

/* Begins a check. */
int probe_start(struct probe *probe, const struct health_plan *plan, const struct probe_app *app, struct error *e);

/* Reads what has come; result keeps the first HEALTH_OUTPUT bytes of it. */
void probe_hear(struct probe *probe, struct health_result *result);

/* Whether it has ended, and how: *ret_code is its exit code, or 128 + n where signal n ended it. */
int probe_has_ended(struct probe *probe, int *ret_code);

/* Ends it. */
void probe_kill(struct probe *probe);
