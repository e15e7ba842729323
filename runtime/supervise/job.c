/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.c - an app that runs at certain times: one more way of waiting, and one more reason to end.
 *
 *     WAITING --(its time has come, or has passed)--> PLANNING --(box app-next has noted the next time)--> STARTING …
 *        ^                                               |
 *        +------(that time was missed, or another one came because somebody set the clock)
 *
 * The next time is always a later one than the run that is about to begin: a time that comes while it runs is seen by the same timer,
 * where overlap wants to know of it. A run that is due is noted (progress.queued) until it begins, so that no kill loses it. Between
 * times nothing wakes: the timer is of the wall clock, and tells when somebody sets that.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/supervise/supervisor.h"

enum {
	LATE_S = 60,         /* later than that a time has been missed: the host slept, or was off */
	TRY_AGAIN_MS = 60000, /* after no next time could be noted */
};

/* Until its time, which is what a job does: whoever has started it has their answer. */
static void wait_for_time(struct supervisor *s)
{
	s->progress.next_start_ms = 0;
	lifecycle_note(s, PHASE_WAITING);
	notify_send(&s->notify, "STATUS=waiting for its time");
	requests_answer(s, ASKS_START, "ok");
}

static int64_t now_s(void)
{
	return clock_since_1970_ms() / 1000;
}

bool job_is(const struct supervisor *s)
{
	return s->job.plan.cron;
}

int job_open(struct supervisor *s, struct error *e)
{
	s->job.timer = -1;
	if (job_plan_read(s->definition, &s->job.plan, e))
		return -1;
	if (!job_is(s))
		return 0;
	s->job.timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return s->job.timer < 0 ? error_sys(e, "make a timer for %s", s->settings.name) : 0;
}

static void arm(struct supervisor *s)
{
	const struct itimerspec when = { .it_value.tv_sec = s->job.times.at };

	(void)timerfd_settime(s->job.timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL); /* cannot fail on a timer of ours */
}

static void read_times(struct supervisor *s)
{
	struct error ignored = { 0 };

	if (job_times_read(s->definition, &s->job.times, &ignored))
		s->job.times = (struct job_times){ 0 };
	arm(s);
}

/* JOB_RAN …: what becomes of the time that it waited for. */
static void plan(struct supervisor *s, const char *word)
{
	autorelease(list) struct list more = { 0 };
	struct error ignored = { 0 };

	list_add(&more, word);
	s->job.again_ms = 0;
	lifecycle_note(s, PHASE_PLANNING);
	if (helper_begin(s, "app-next", &more, &ignored))
		job_planned(s);
}

void job_planned(struct supervisor *s)
{
	read_times(s);
	if (s->is_leaving) {
		lifecycle_leave(s);
		return;
	}
	if (s->is_restarting || s->progress.queued) {
		lifecycle_run(s);
		return;
	}
	wait_for_time(s);
	if (s->job.times.at <= now_s()) {
		s->job.times.at = 0; /* it is not looked at */
		s->job.again_ms = clock_boot_ms() + TRY_AGAIN_MS;
	}
}

/* Not for the next try of a run that failed. */
static bool is_waiting(const struct supervisor *s)
{
	return s->progress.phase == PHASE_WAITING && !s->progress.next_start_ms;
}

static bool is_overlap(const struct supervisor *s, const char *word)
{
	return text_equal(s->job.plan.overlap, word);
}

/* Its time has come while it waits for it, or has passed since. */
static void due(struct supervisor *s)
{
	bool is_missed = now_s() - s->job.times.at > LATE_S && !s->job.plan.catch_up;

	s->progress.queued = !is_missed;
	s->progress.in_a_row = s->progress.failures = 0;
	plan(s, is_missed ? JOB_MISSED : JOB_RAN);
}

/* Its time has come while a run is under way. */
static void overlap(struct supervisor *s)
{
	s->progress.queued = 1;
	lifecycle_note(s, (enum phase)s->progress.phase);
	if (s->progress.phase == PHASE_WAITING) /* nothing of that run is there any more */
		due(s);
	else if (is_overlap(s, OVERLAP_WORD_REPLACE))
		job_runs(s);
}

void job_runs(struct supervisor *s)
{
	if (!s->progress.queued || !is_overlap(s, OVERLAP_WORD_REPLACE) || s->progress.phase != PHASE_RUNNING)
		return;
	lifecycle_blame(s, BLAMED_NEXT_RUN);
	lifecycle_stop(s, -1);
}

void job_wait(struct supervisor *s)
{
	s->progress.in_a_row = s->progress.failures = 0;
	if (s->progress.queued) {
		plan(s, JOB_RAN);
	} else if (s->job.times.at <= now_s()) {
		plan(s, s->job.times.at ? JOB_SKIPPED : JOB_AGAIN);
	} else {
		wait_for_time(s);
	}
}

void job_begin(struct supervisor *s)
{
	read_times(s);
	if (!s->job.times.at)
		plan(s, JOB_AGAIN);
	else if (s->job.times.at <= now_s())
		due(s);
	else
		job_wait(s);
}

void job_resume(struct supervisor *s)
{
	read_times(s);
	if (s->progress.phase == PHASE_PLANNING || (is_waiting(s) && !s->job.times.at))
		plan(s, JOB_AGAIN);
	else if (is_waiting(s) && s->job.times.at <= now_s())
		due(s);
	else if (is_waiting(s))
		wait_for_time(s); /* noted anew: it may be long */
}

static bool is_over_time(const struct supervisor *s)
{
	return text_equal(s->progress.stopped_by, BLAMED_TIMEOUT);
}

bool job_gives_up(const struct supervisor *s)
{
	return job_is(s) && (is_over_time(s) || s->progress.queued);
}

/* When the run that is under way has taken too long; and at once where a supervisor that is gone has asked it to end. */
static int64_t timeout_ms(const struct supervisor *s)
{
	if (!s->job.plan.timeout_ms || s->progress.phase != PHASE_RUNNING || s->has_ended || s->kill_at_ms)
		return INT64_MAX;
	if (s->progress.stopped_by && !is_over_time(s))
		return INT64_MAX;
	return s->progress.started_ms + s->job.plan.timeout_ms;
}

void job_deadlines(struct supervisor *s)
{
	int64_t now = clock_boot_ms();

	if (s->job.again_ms && s->job.again_ms <= now && is_waiting(s))
		plan(s, JOB_AGAIN);
	if (timeout_ms(s) > now)
		return;
	lifecycle_blame(s, BLAMED_TIMEOUT);
	lifecycle_stop(s, -1);
}

int64_t job_watch(const struct supervisor *s, struct pollfd *polls)
{
	bool wants_overlap = !is_overlap(s, OVERLAP_WORD_SKIP) && !s->progress.queued && s->progress.phase != PHASE_PLANNING && !s->is_leaving;
	int64_t timeout = timeout_ms(s);

	*polls = (struct pollfd){ .fd = job_is(s) && s->job.times.at && (is_waiting(s) || wants_overlap) ? s->job.timer : -1, .events = POLLIN };
	return s->job.again_ms && s->job.again_ms < timeout ? s->job.again_ms : timeout;
}

void job_serve(struct supervisor *s, const struct pollfd *polls)
{
	uint64_t times;

	if (!polls->revents || (read(s->job.timer, &times, sizeof times) < 0 && errno != ECANCELED))
		return;
	if (s->job.times.at > now_s()) { /* the clock was set */
		arm(s);
		if (is_waiting(s))
			plan(s, JOB_AGAIN);
	} else if (is_waiting(s)) {
		due(s);
	} else {
		overlap(s);
	}
}
