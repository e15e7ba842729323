/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_plan.h - when an app in the background runs that is a job: two small files of its definition.
 *
 *     STORE/apps/NAME/schedule   what its spec says; apps that are no jobs have none
 *     STORE/apps/NAME/next       its next time, which box finds for the supervisor (runtime/apps/job.h)
 */
#pragma once

#include <stdint.h>

struct error;

struct job_plan {
	char *cron, *tz;    /* specs/cron.h and zone.h; cron NULL: it is no job, tz NULL: UTC */
	char *overlap;      /* one of these words */
	int64_t timeout_ms; /* of a run; 0: none */
	int64_t catch_up;   /* 1: a time that was missed is made up for */
};
#define JOB_PLAN_FILE "schedule"
#define JOB_TIMEOUT "its schedule's timeout" /* stopped_by, in progress.h and the exit record */
#define OVERLAP_WORD_SKIP "skip"
#define OVERLAP_WORD_QUEUE "queue"
#define OVERLAP_WORD_REPLACE "replace"

struct job_times {
	int64_t at;  /* the next run, in seconds since 1970; 0: not found yet */
	int64_t ran; /* the time before, whether it ran or was missed; 0: there was none */
};
#define JOB_TIMES_FILE "next"

/* What app-next is told of the time that was waited for. */
#define JOB_RAN "ran"         /* its run begins */
#define JOB_MISSED "missed"   /* nobody was there */
#define JOB_SKIPPED "skipped" /* the run before was still under way */
#define JOB_AGAIN "again"     /* it has not come yet, or was not known */

/* From and to the open folder of the definition. Where there is no such file the struct is empty. */
int job_plan_read(int definition, struct job_plan *ret, struct error *e);
int job_plan_write(int definition, const struct job_plan *plan, struct error *e);
void job_plan_release(struct job_plan *plan);

int job_times_read(int definition, struct job_times *ret, struct error *e);
int job_times_write(int definition, const struct job_times *times, struct error *e);
