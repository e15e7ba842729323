/* SPDX-License-Identifier: Apache-2.0 */
/*
 * await.h - the end of a container that somebody else runs.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;
struct events;
struct places;

struct await {
	char *name;
	pid_t pid;
	int pidfd;             /* of its first process, which cannot be anybody else's */
	struct events *events; /* from the beginning of the wait on */
};

/* Begins to wait; ERROR_MISSING where the container does not run. The caller releases it. */
int await_begin(const struct places *places, const char *name, struct await *ret, struct error *e);

/* Until it has ended: its exit code, or 128 + the signal. The kernel tells it (Linux 6.15), or whoever ran the container. */
int await_end(struct await *await, int *ret_status, struct error *e);
void await_release(struct await *await);
