/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - an app in the background that runs at certain times: what box does for its supervisor, and tells of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct app_schedule;
struct error;
struct places;

/* Writes the plan into the folder of a new definition, where the app is a job, and makes room on the disk for its times. */
int job_define(int definition, const struct app_schedule *schedule, struct error *e);

/* Whether the open definition is that of a job. */
bool job_defined(int definition);

/* Finds the next time and notes it. word: what became of the one before (JOB_RAN …, supervise/job_plan.h); a time at which it did not run
 * is an event. */
int job_plan_next(const struct places *places, const char *name, int definition, const char *word, struct error *e);

/* The time behind those that are known: later than now, and than the time before, where the clock was set back by less than 3 hours. */
struct job_plan;
int job_next(const struct job_plan *plan, int64_t now, int64_t ran, int64_t *ret, struct error *e);

/* Its next time, in seconds since 1970, for people. 0: it is no job, or the host does not know its zone any more. */
int64_t job_next_run(int definition);

/* "30 3 * * mon-fri (Europe/Berlin)". NULL: it is no job. The caller frees it. */
char *job_words(int definition);
