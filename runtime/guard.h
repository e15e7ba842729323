/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - a process that outlives its box by a moment, and ends what a program beside an app has begun (debug.c).
 *
 * It sleeps on a pipe of which only box has the other end: however box ends, the guard hears of it.
 */
#pragma once

#include <sys/types.h>

struct cgroup;
struct error;

struct guard {
	int pipe; /* box's end; -1: there is no guard */
	int pidfd;
};
#define GUARD_NONE ((struct guard){ -1, -1 })

/* Ends what is in group, which is of the program alone and removed then, or NULL; and what has the program's mount namespace. */
int guard_start(const struct cgroup *group, struct guard *ret, struct error *e);

/* Hears of the new process, on its channel, which mount namespace it has made, and tells the guard behind pipe. */
int guard_watch(int pipe, int channel, struct error *e);

/* Lets it do its work now, and waits until it has. No guard is fine. */
int guard_end(struct guard *guard, struct error *e);
