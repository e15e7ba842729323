/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background.h - verbs on apps in the background (apps.h), each of which has a supervisor while it is wanted (supervise/supervisor.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct box_info;
struct container;
struct error;
struct list;
struct places;
struct state;

/* Begins a supervisor for an app that has none, and returns when its program runs; one that runs already is fine. The error is that of the
 * start, with the field of the spec. */
int background_start(const struct places *places, const char *name, struct error *e);

/* The same for somebody who wants it to run: a job, which the one above leaves waiting for its time, runs at once. And what is left of that
 * where background_begin() has begun a supervisor. */
int background_start_now(const struct places *places, const char *name, struct error *e);
int background_run_job(const struct places *places, const char *name, struct error *e);

/* The same for one who waits at the other end of asker: 1, and the supervisor answers there what supervise/control.h says; 0: it had one,
 * and runs. */
int background_begin(const struct places *places, const char *name, int asker, struct error *e);

/* A connection to the supervisor (supervise/control.h); one that died is replaced. -1 with ERROR_MISSING where the app does not run. */
int background_reach(const struct places *places, const char *name, struct error *e);

/* An exit code and a signal as box run's exit code has them: 128 + n for signal n, 255 where nobody knows (code -1). */
int background_exit_status(int64_t code, int64_t signal);

/* Ends the app and its supervisor by its stop_signal, and after grace_us (-1: its own stop_grace_period) by a kill. It is not wanted any
 * more. Returns when nothing but its definition is left. One that does not run is fine. */
int background_stop(const struct places *places, const char *name, int64_t grace_us, struct error *e);

/* The same, and a start. */
int background_restart(const struct places *places, const char *name, int64_t grace_us, struct error *e);

/* Waits until this run is over; where it does not run, *ret_status is of the last one. 128 + n for signal n; 255 where nobody knows. */
int background_wait(const struct places *places, const char *name, int *ret_status, struct error *e);

/* Removes an app that does not run, with all that it wrote; force: ends it first. */
int background_remove(const struct places *places, const char *name, bool force, struct error *e);

/* Removes the definition of an app that does not run, with all that it wrote, and notes it as an event. */
int background_forget(const struct places *places, const char *name, struct error *e);

/* Adds the apps that are to run after the host was started, and do not, in the order in which they are started. */
int background_boot_names(const struct places *places, struct list *ret, struct error *e);

/* Becomes the process that stays (keeper_run, watcher.h), and tells the service manager whose main process it is: only comes back with an
 * error. */
int background_keep(const struct places *places, struct error *e);

/* Asks every supervisor of this state folder to become the program that is installed now. Adds the names. Goes on
 * after a failure; the first one is in e. */
int background_renew(const struct places *places, struct list *ret, struct error *e);

/* Adds the apps of this state folder that no process of box or their own shows: those that have ended, or wait for their next start. */
int background_list(const struct places *places, struct box_info **infos, size_t *count, struct error *e);

/* How an app is, by its open definition, of which no process runs: "restarting", "scheduled", "exited (3)" and the like; NULL where one
 * does. The caller frees it. ret_since: seconds since 1970 at which it ended, 0 where nobody knows when, untouched where it did not. */
#define STATUS_SCHEDULED "scheduled" /* a job that waits for its time */
#define STATUS_LOST "lost" /* it ran, and nobody saw its end, or whether there was one (runtime/apps/run_mark.h) */
char *background_status(const struct places *places, const char *name, int definition, int64_t *ret_since);

/* Whether the state folder, which this process holds, is an app's whose supervisor is gone; then it gets a new one. */
bool background_adopt(const struct places *places, const struct state *state);

/* What the supervisor has done by box itself. */

/* Starts the app's program and ends: answer gets what supervise/control.h says of app-start. */
int background_launch(const struct places *places, const struct container *container, int definition, int answer, struct error *e);

/* Clears away what a run made, which ended in that way, and notes it. */
struct last_end;
int background_end(const struct places *places, const char *name, int definition, const struct last_end *end, struct error *e);

/* The supervisor is about to end: removes the state folder, and an app that goes with its end (--rm). definition: its open folder. */
int background_leave(const struct places *places, const char *name, int definition, struct error *e);
