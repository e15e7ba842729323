/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_mark.h - which run of an app in the background is under way: STORE/apps/NAME/run, which outlives the host's end.
 *
 * State does not survive a reboot. A mark without a state folder is a run of whose end nobody could tell: the host ended first, or all of
 * box's processes were killed and the folder was removed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct last_end;
struct places;

/* The run of that number has begun. What cannot be noted stops nothing: without it box explain tells of the run before. */
void run_mark_set(int definition, int64_t number);
/* It is over, and its end is noted. */
void run_mark_clear(int definition);

/* Before the next start: where nobody saw the last run's end, because the host ended or the state folder was taken away, writes that as its
 * end. Nobody else begins the app meanwhile. */
void run_mark_settle(const struct places *places, const char *name, int definition);

/* The run whose end nobody saw, and that is not written as such yet: it is marked as under way, and the app has no state folder. 0: there
 * is none. *ret_rebooted: the host has ended since. */
int64_t run_mark_lost(const struct places *places, const char *name, int definition, bool *ret_rebooted);

/* How the last run ended; of one whose end nobody saw the code is -1, and ended 0. False: none has. */
bool run_mark_last_end(const struct places *places, const char *name, int definition, struct last_end *ret);
