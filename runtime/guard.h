/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - the process that ends, afterwards, what a program beside an app has begun (debug.c).
 */
#pragma once

struct afterwards;
struct cgroup;
struct error;

/* Ends what is in group, which is of the program alone and removed then, or NULL; and what has the program's mount namespace. */
int guard_start(const struct cgroup *group, struct afterwards *ret, struct error *e);

/* Hears of the new process, on its channel, which mount namespace it has made, and tells the guard behind pipe. */
int guard_watch(int pipe, int channel, struct error *e);
