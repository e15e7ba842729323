/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_program.h - a program of the app, run in it for its supervisor: a health check, what follows the change of a secret.
 */
#pragma once

#include <stdint.h>

struct error;
struct list;
struct places;

enum { APP_PROGRAM_LATE = 124 };

struct app_program {
	const char *name;        /* of the app */
	const struct list *args; /* program and arguments */
	const char *group;       /* of a cgroup below the app's, made for it */
	int64_t timeout_ms;
};

/* Runs it as the app's user, its output on this process' stdout and stderr. What it has begun is killed with it, late or not. *ret_status
 * as box_run has it, or APP_PROGRAM_LATE. */
int app_program_run(const struct places *places, const struct app_program *program, int *ret_status, struct error *e);
