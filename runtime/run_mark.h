/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_mark.h - which run of an app in the background is under way: STORE/apps/NAME/run, which outlives the host's end.
 *
 * State does not survive a reboot. A mark of another boot is a run of whose end nobody could tell, because the host ended first.
 */
#pragma once

#include <stdint.h>

struct error;
struct places;

/* The run of that number has begun. What cannot be noted stops nothing: without it box explain tells of the run before. */
void run_mark_set(int definition, int64_t number);
/* It is over, and its end is noted. */
void run_mark_clear(int definition);

/* Before the next start: where the last run ended with the host, writes that as its end. The app has no state folder. */
void run_mark_settle(const struct places *places, const char *name, int definition);
