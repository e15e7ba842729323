/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ooms.h - processes of the app that the kernel ends for want of memory, told as events when it happens.
 *
 * The descriptors come from box app-start (cgroups/oom.c) and are kept with the app's pidfd. A group at its limit may say something a
 * hundred times a second: the supervisor listens once a second, and one event may stand for several processes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pollfd;

enum { OOM_FDS = 2, OOM_REST_MS = 1000 };

struct ooms {
	int counts; /* borrowed: the file with the line "oom_kill NUMBER"; -1: nobody tells */
	int event;  /* borrowed: an eventfd that goes with it on cgroup v1; -1: the file itself can be waited for */
	int64_t seen; /* kills that were told */
	int64_t rest_ms, rest_until_ms; /* 0: it listens */
};

/* The app runs, and these are its descriptors; seen were told before. */
void ooms_begin(struct ooms *o, const int *fds, int64_t count, int64_t seen);

/* What to wait for: fills one entry, and the time at which ooms_serve wants to be called at the latest (INT64_MAX: none). */
int64_t ooms_watch(const struct ooms *o, struct pollfd *poll);

/* Looks, after poll(2) filled the entry or the time came: true where somebody was killed since the last look. */
bool ooms_serve(struct ooms *o, const struct pollfd *poll, int64_t now_ms);

/* The app has ended: the last look. */
bool ooms_end(struct ooms *o);
