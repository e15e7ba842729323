/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle.c - the runs of one app: the picture in supervisor.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/policy.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/supervisor.h"

enum {
	LOOK_AGAIN_MS = 50,  /* the kernel does not tell yet how an app ended that is not our child, or that is traced */
	PATIENCE_MS = 1000,  /* for that */
	CODE_CANNOT_START = 125,
};

/* Whoever takes over goes on from what is written; that it cannot be written stops nothing. */
void lifecycle_note(struct supervisor *s, enum phase phase)
{
	struct error ignored = { 0 };

	s->progress.phase = phase;
	(void)progress_write(s->folder, &s->progress, &ignored);
}

/* Its volumes are free at once: the watcher has copies of their locks until the next run. A lock belongs to all copies of a descriptor. */
static void let_go(struct supervisor *s)
{
	for (size_t i = 0; i < s->kept.count; i++)
		(void)flock(s->kept.fds[i], LOCK_UN); /* most are no locks */
	control_fds_close(&s->kept);
}

static void forget_app(struct supervisor *s)
{
	let_go(s);
	s->progress.app_pid = s->progress.app_start_time = s->progress.terminal = 0;
	s->kill_at_ms = s->look_again_ms = s->give_up_ms = 0;
	s->has_ended = false;
}

void lifecycle_run(struct supervisor *s)
{
	struct error e = { 0 };

	s->is_restarting = false;
	s->progress.queued = 0;
	s->progress.starts++;
	error_clear(&s->failure);
	free(take_ptr(&s->progress.stopped_by));
	lifecycle_note(s, PHASE_STARTING);
	notify_send(&s->notify, "STATUS=starting");
	if (fifos_make(s, &e) == 0 && helper_begin(s, "app-start", NULL, &e) == 0)
		return;
	s->failure = e;
	lifecycle_helper_ended(s);
}

/* What the run made goes, whoever ended it. */
static void begin_end(struct supervisor *s)
{
	autorelease(list) struct list more = { 0 };
	struct error ignored = { 0 };

	list_add(&more, "--"); /* numbers below 0 are no options */
	list_addf(&more, "%jd", (intmax_t)s->progress.code);
	list_addf(&more, "%jd", (intmax_t)s->progress.signal);
	list_addf(&more, "%jd", (intmax_t)s->progress.starts);
	lifecycle_note(s, PHASE_ENDING);
	/* Where there is no process to be had, the next start, or the next supervisor, finds what is left. */
	if (helper_begin(s, "app-end", &more, &ignored))
		lifecycle_helper_ended(s);
}

static void wait_for_start(struct supervisor *s, int64_t delay_ms)
{
	s->progress.next_start_ms = clock_boot_ms() + delay_ms;
	lifecycle_note(s, PHASE_WAITING);
}

/* A run is over, and what it made is gone. */
static void decide(struct supervisor *s)
{
	struct restarts restarts = { s->progress.in_a_row, s->progress.failures };
	const struct run_end end = { s->progress.code, s->progress.signal, clock_boot_ms() - s->progress.started_ms };
	struct error ignored = { 0 };
	int64_t delay_ms;

	forget_app(s);
	if (s->is_leaving) {
		lifecycle_leave(s);
		return;
	}
	if (s->is_restarting) {
		lifecycle_run(s);
		return;
	}
	/* In a service it is systemd that starts it again. */
	delay_ms = restart_delay(s->settings.unit || job_gives_up(s) ? "no" : s->settings.restart, &end, &restarts);
	s->progress.in_a_row = restarts.in_a_row;
	s->progress.failures = restarts.failures;
	if (delay_ms >= 0) {
		wait_for_start(s, delay_ms);
		return;
	}
	if (job_is(s)) {
		job_wait(s);
		return;
	}
	(void)wanted_write(s->definition, /* running= */ false, &ignored); /* then a later boot starts it once more */
	lifecycle_leave(s);
}

void lifecycle_leave(struct supervisor *s)
{
	struct error ignored = { 0 };

	s->is_leaving = true;
	lifecycle_note(s, PHASE_LEAVING);
	if (helper_begin(s, "app-leave", NULL, &ignored))
		lifecycle_helper_ended(s);
}

static void tell_failure(struct supervisor *s)
{
	autorelease(text) struct text answer = { 0 };

	control_add_failure(&s->failure, &answer);
	requests_answer(s, ASKS_START, answer.data);
	requests_answer(s, ASKS_ATTACH, answer.data);
}

/* app-start has failed, and has taken back what it made. */
static void start_failed(struct supervisor *s)
{
	autorelease(text) struct text words = { 0 };
	struct error ignored = { 0 };

	if (s->failure.kind == ERROR_NONE)
		error_set(&s->failure, ERROR_INTERNAL, "start %s: box ended and said nothing", s->settings.name);
	text_add_escaped(&words, s->failure.text, strlen(s->failure.text));
	notify_send(&s->notify, "STATUS=%s", words.data);
	s->progress.code = CODE_CANNOT_START;
	s->progress.signal = 0;
	s->progress.started_ms = clock_boot_ms();
	/* Somebody is told, when nothing is left, and will try again. A start that nobody asked for counts as a run that failed. */
	if ((requests_has(s, ASKS_START) || requests_has(s, ASKS_ATTACH)) && s->progress.in_a_row == 0 && !job_is(s)) {
		s->is_leaving = true;
		(void)wanted_write(s->definition, /* running= */ false, &ignored); /* then a later boot tries once more */
	}
	if (!s->is_leaving)
		tell_failure(s);
	decide(s);
}

/* They may find nothing of the app any more that could tell. */
static void answer_end(struct supervisor *s)
{
	autofree char *answer = text_format("ok %jd %jd", (intmax_t)s->progress.code, (intmax_t)s->progress.signal);

	requests_answer(s, ASKS_END, answer);
}

void lifecycle_helper_ended(struct supervisor *s)
{
	if (s->helper) {
		lifecycle_hear(s); /* what it said at last */
		if (!helper_is_done(s))
			return;
	}
	switch ((enum phase)s->progress.phase) {
	case PHASE_STARTING: start_failed(s); break;
	case PHASE_ENDING:
		outputs_drain(s); /* no process of the app is left: this is all there is */
		log_end(&s->log);
		attached_end(s);
		answer_end(s);
		decide(s);
		break;
	case PHASE_PLANNING: job_planned(s); break;
	case PHASE_LEAVING:
		watch_leave(s);
		if (s->failure.kind == ERROR_NONE)
			error_set(&s->failure, ERROR_EXISTS, "start %s: somebody wants it to stop", s->settings.name);
		tell_failure(s);
		attached_end(s);
		answer_end(s);
		requests_answer(s, ASKS_LEAVE, "ok");
		s->is_done = true;
		break;
	default: break; /* box kill, while the app runs */
	}
	if (s->progress.phase == PHASE_RUNNING && s->has_ended && !s->helper)
		begin_end(s);
}

/* "running PID START_TIME LISTENS TERMINAL OOM_FDS" */
static void app_runs(struct supervisor *s, const char *message, struct control_fds *fds)
{
	char *end;
	int fd;

	s->kept = *fds;
	/* What lies in the FIFOs outlives the app and this process together. */
	for (int i = 0; i < LOG_STREAMS + 1; i++) {
		fd = fcntl(i < LOG_STREAMS ? s->streams[i] : s->input, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0 && s->kept.count < CONTROL_FDS)
			s->kept.fds[s->kept.count++] = fd;
		else if (fd >= 0)
			close(fd);
	}
	s->progress.app_pid = strtol(message, &end, 10);
	s->progress.app_start_time = strtoll(end, &end, 10);
	s->progress.listens = strtol(end, &end, 10);
	s->progress.terminal = strtol(end, &end, 10);
	s->progress.oom_fds = strtol(end, NULL, 10);
	s->hung_up_ms = 0;
	if (terminal_of(s) >= 0)
		(void)fcntl(terminal_of(s), F_SETFL, O_NONBLOCK); /* cannot fail on a terminal */
	s->progress.started_ms = clock_boot_ms();
	s->has_ended = false;
	care_begin(s, /* is_new= */ true);
	/* Kept, and then noted: else the next supervisor could take the pidfd of the run before for this one's. */
	watch_keep(s);
	lifecycle_note(s, PHASE_RUNNING);
	requests_answer(s, ASKS_START, "ok");
	attached_begin(s);
	if (s->health.record)
		notify_send(&s->notify, "STATUS=running, not healthy yet");
	else
		notify_send(&s->notify, "READY=1\nSTATUS=running");
	if (s->is_leaving || s->is_restarting)
		lifecycle_stop(s, s->grace_us);
	else
		job_runs(s);
}

void lifecycle_hear(struct supervisor *s)
{
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { 0 };
	struct error ignored = { 0 };

	if (s->progress.phase != PHASE_STARTING || control_try_receive(s->helper_answer, &message, &fds, &ignored) <= 0)
		return;
	if (text_starts(message.data, "running ") && fds.count) {
		app_runs(s, message.data + strlen("running "), &fds);
		return;
	}
	control_fds_close(&fds);
	(void)control_check(message.data, &s->failure); /* what it is no failure of is said in start_failed */
}

static void ended(struct supervisor *s, const struct process_end *end)
{
	s->progress.code = end->code;
	s->progress.signal = end->signal;
	s->has_ended = true;
	care_end(s);
	if (!s->helper)
		begin_end(s);
}

void lifecycle_app_ended(struct supervisor *s)
{
	struct process_end end;

	if (!s->kept.count || s->has_ended)
		return;
	s->look_again_ms = 0;
	if (!s->give_up_ms)
		s->give_up_ms = clock_boot_ms() + PATIENCE_MS;
	if (app_end_find(s, &end))
		ended(s, &end);
	else
		s->look_again_ms = clock_boot_ms() + LOOK_AGAIN_MS;
}

/* The signal alone does not end a frozen app: box kill lets it go, too. */
static void kill_app(struct supervisor *s)
{
	struct error ignored = { 0 };

	s->kill_at_ms = 0;
	(void)process_signal(s->kept.fds[0], SIGKILL); /* it may have ended just now */
	if (!s->helper)
		(void)helper_begin(s, "app-kill", NULL, &ignored);
}

void lifecycle_stop(struct supervisor *s, int64_t grace_us)
{
	int number = s->settings.stop_signal ? (int)s->settings.stop_signal : SIGTERM;

	if (grace_us < 0)
		grace_us = s->settings.stop_grace_us;
	s->grace_us = grace_us;
	if (s->is_leaving)
		notify_send(&s->notify, "STOPPING=1\nSTATUS=stopping");
	if (s->progress.phase == PHASE_WAITING && s->is_leaving)
		lifecycle_leave(s);
	else if (s->progress.phase == PHASE_WAITING)
		lifecycle_run(s);
	if (s->progress.phase != PHASE_RUNNING || s->has_ended)
		return; /* it is noted, and is looked at when the helper is done */
	care_rest(s);
	if (grace_us == 0 || process_drops(s->kept.fds[0], number)) {
		kill_app(s);
		return;
	}
	(void)process_signal(s->kept.fds[0], number); /* it may have ended just now */
	s->kill_at_ms = clock_boot_ms() + grace_us / 1000;
}

void lifecycle_blame(struct supervisor *s, const char *who)
{
	enum phase phase = (enum phase)s->progress.phase;

	if ((phase != PHASE_STARTING && phase != PHASE_RUNNING) || s->has_ended || s->progress.stopped_by)
		return;
	s->progress.stopped_by = alloc_copy(who);
	lifecycle_note(s, phase);
}

void lifecycle_restart(struct supervisor *s, int64_t grace_us)
{
	s->is_restarting = true;
	s->progress.in_a_row = s->progress.failures = 0;
	lifecycle_stop(s, grace_us);
}

void lifecycle_start(struct supervisor *s)
{
	s->progress.in_a_row = s->progress.failures = 0;
	if (s->progress.phase == PHASE_WAITING)
		lifecycle_run(s);
	else if (s->progress.phase == PHASE_RUNNING && !s->has_ended)
		requests_answer(s, ASKS_START, "ok");
	else if (s->progress.phase == PHASE_ENDING || s->progress.phase == PHASE_PLANNING)
		s->is_restarting = true;
}

void lifecycle_deadlines(struct supervisor *s)
{
	int64_t now = clock_boot_ms();

	if (s->look_again_ms && s->look_again_ms <= now)
		lifecycle_app_ended(s);
	if (s->kill_at_ms && s->kill_at_ms <= now && s->kept.count)
		kill_app(s);
	if (s->progress.phase == PHASE_WAITING && s->progress.next_start_ms && s->progress.next_start_ms <= now)
		lifecycle_run(s);
	if (job_is(s))
		job_deadlines(s);
	if (s->join_at_ms && s->join_at_ms <= now)
		watch_join(s);
}

static int64_t nearer(int64_t one, int64_t other)
{
	return other && other < one ? other : one;
}

int64_t lifecycle_deadline(const struct supervisor *s)
{
	int64_t nearest = INT64_MAX;

	nearest = nearer(nearest, s->look_again_ms);
	nearest = nearer(nearest, s->kill_at_ms);
	nearest = nearer(nearest, s->progress.phase == PHASE_WAITING ? s->progress.next_start_ms : 0);
	return nearer(nearest, s->join_at_ms);
}

void lifecycle_begin(struct supervisor *s)
{
	if (job_is(s))
		job_begin(s);
	else
		lifecycle_run(s);
}

/* The app of a supervisor that is gone. The watcher may have handed over its pidfd, which knows how it ended. */
static void adopt(struct supervisor *s)
{
	pid_t pid = (pid_t)s->progress.app_pid;
	int pidfd = s->kept.count ? -1 : process_open(pid);
	struct process_end unknown = { .code = -1 };

	if (pidfd >= 0 && process_start_time(pid) != s->progress.app_start_time)
		close(take_fd(&pidfd));
	if (pidfd >= 0) {
		s->kept.fds[0] = pidfd;
		s->kept.count = 1;
	}
	care_begin(s, /* is_new= */ false);
	lifecycle_note(s, PHASE_RUNNING);
	if (s->kept.count)
		watch_keep(s);
	else
		ended(s, &unknown);
}

/* systemd begins a service again whose supervisor died; it has killed the app with it. What the two left is cleared before the start. */
static bool is_begun_again(const struct supervisor *s)
{
	return s->settings.unit && !process_lives((pid_t)s->progress.app_pid, s->progress.app_start_time);
}

void lifecycle_resume(struct supervisor *s)
{
	if (is_begun_again(s)) {
		if (s->progress.phase == PHASE_STARTING || s->progress.phase == PHASE_RUNNING)
			s->progress.code = -1, s->progress.signal = 0;
		s->is_restarting = true;
		begin_end(s);
		return;
	}
	s->is_leaving = !wanted_read(s->definition);
	/* Of a run that is over: its end, which these tell, has been seen. */
	if (s->progress.phase != PHASE_RUNNING)
		let_go(s);
	switch ((enum phase)s->progress.phase) {
	case PHASE_RUNNING: adopt(s); break;
	case PHASE_WAITING: /* at its time */
	case PHASE_PLANNING: break;
	case PHASE_LEAVING: lifecycle_leave(s); break;
	default: /* Its helper ended with it, somewhere in the middle. What it made is cleared, and then all goes on. */
		if (s->progress.phase == PHASE_STARTING)
			s->progress.code = -1;
		begin_end(s);
		break;
	}
	if (job_is(s))
		job_resume(s);
	if (s->is_leaving)
		lifecycle_stop(s, -1);
}
