/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - one app in the background, and the process that keeps it.
 *
 *        STARTING --(box app-start says "running")--> RUNNING --(the app ends)--> ENDING --(box app-end is done)--+
 *           ^   \--(it fails)------------------------------------------------------------------------------------+
 *           |                                                                                                     |
 *           +----(time is over, or "start")---- WAITING <--(the policy, or "restart")-----------------------------+
 *                                                                                                                 |
 *           the end of the supervisor <--(box app-leave is done)-- LEAVING <--(nothing is to be started again)----+
 *
 * A job (app_settings.h) waits for its time, and plans the next one: job.c has what it has beside this picture.
 *
 * Everything heavy is done by box itself as a helper process (helper.c); there is one at a time. The loop in supervisor.c waits for
 * descriptors and for the nearest deadline, and calls lifecycle.c (the picture above), requests.c (what box commands want), outputs.c (what
 * the app writes), care.c (an app that runs) and watch_link.c. Private to the program box-supervise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/health.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/job_plan.h"
#include "runtime/supervise/log.h"
#include "runtime/supervise/notify.h"
#include "runtime/supervise/ooms.h"
#include "runtime/supervise/progress.h"
#include "runtime/supervise/refused.h"
#include "runtime/supervise/secrets.h"

struct process_end;

enum { CONNECTIONS_MOST = 64 };

/* What the other end of a connection waits for. */
enum asks {
	ASKS_NOTHING, /* it has not said yet */
	ASKS_START,   /* the app runs, or cannot */
	ASKS_END,     /* this run is over */
	ASKS_LEAVE,   /* everything is gone */
	ASKS_AGAIN,   /* that it runs, while it leaves: the end of the connection says that it has left, and whoever asked asks again */
	ASKS_RENEWED, /* another program has taken over: the end of the connection says it */
	ASKS_ATTACH,  /* to hear what the app writes, as soon as it runs */
	ASKS_ATTACHED, /* it hears that */
	ASKS_DONE,    /* it has its answer */
};

struct connection {
	int fd;
	enum asks asks;
	int outputs[LOG_STREAMS];      /* pipes of who is attached; -1: none */
	int64_t heard[LOG_STREAMS];    /* from which byte of the stream on */
	uint64_t missed[LOG_STREAMS];  /* bytes that found no room in its pipe, and of which it has not been told */
};

struct supervisor {
	struct app_settings settings;
	struct progress progress;
	int definition, folder, lock; /* STORE/apps/NAME, STATE/NAME, its lock */
	int signals, listener;

	struct control_fds kept;  /* [0]: the app's pidfd; what else has to be open while it runs. count 0: no app */
	int64_t look_again_ms;    /* its end could not be read yet; 0: nothing to look at */
	int64_t give_up_ms;       /* when nobody will tell how it ended; 0: not asked yet */
	bool has_ended;           /* progress.code and signal say how */

	pid_t helper;             /* 0: none is at work */
	int helper_pidfd, helper_answer;
	struct error failure;     /* of the last start */

	bool is_leaving;          /* no start comes any more */
	bool is_restarting;       /* the next start comes at once */
	int64_t grace_us;         /* of the last who asked the app to end */
	int64_t kill_at_ms;       /* 0: nobody has */

	struct {
		struct job_plan plan;   /* cron NULL: it is no job */
		struct job_times times; /* at 0: nothing to wait for */
		int timer;
		int64_t again_ms;       /* when to ask once more for its next time; 0: it is known */
	} job;

	struct health_plan plan;
	struct health health;
	struct refused refused;
	struct ooms ooms;
	struct secrets secrets;

	struct log log;
	int log_folder;           /* of its files */
	int streams[LOG_STREAMS]; /* FIFOs of the app's stdout and stderr; -1 before the first run */
	int input;                /* FIFO of its stdin; -1: it has none, or a terminal */
	int64_t hung_up_ms;       /* until then nobody looks at its terminal, which has no open end inside; 0: somebody does */

	struct notify notify;     /* the service manager whose main process this is */

	int watcher;              /* connection, or -1 */
	int64_t join_at_ms;       /* the next attempt to have one; 0: none is needed */

	struct connection connections[CONNECTIONS_MOST];
	size_t connection_count;
	bool is_renewing;         /* becomes the program that is there now, as soon as no helper is at work */
	bool is_done;
};

/* supervisor.c: does everything until the end. The descriptors are those of spawn.h. Returns the exit code: 0, and in a service of systemd
 * what its Restart= is to see (runtime/apps/systemd_unit.h). */
int supervisor_run(int definition, int lock, int asker, struct error *e);

/* lifecycle.c */
void lifecycle_begin(struct supervisor *s);           /* the first start */
void lifecycle_resume(struct supervisor *s);          /* from s->progress, as another supervisor left it */
void lifecycle_hear(struct supervisor *s);            /* app-start has something to say */
void lifecycle_helper_ended(struct supervisor *s);
void lifecycle_app_ended(struct supervisor *s);       /* perhaps: looks */
void lifecycle_deadlines(struct supervisor *s);       /* does what is due */
int64_t lifecycle_deadline(const struct supervisor *s); /* the nearest, by clock_boot_ms; INT64_MAX: none */
void lifecycle_stop(struct supervisor *s, int64_t grace_us); /* -1: the app's own */
void lifecycle_restart(struct supervisor *s, int64_t grace_us);
void lifecycle_start(struct supervisor *s);           /* at once, where it waits */

void lifecycle_note(struct supervisor *s, enum phase phase); /* for whoever takes over */
void lifecycle_run(struct supervisor *s);            /* from WAITING or PLANNING: a run begins */
void lifecycle_leave(struct supervisor *s);          /* from there as well: nothing is to be started again */

/* job.c: an app with a schedule. */
int job_open(struct supervisor *s, struct error *e);
bool job_is(const struct supervisor *s);
void job_begin(struct supervisor *s);  /* in place of the first start */
void job_resume(struct supervisor *s); /* from WAITING or PLANNING, as another supervisor left it */
void job_wait(struct supervisor *s);   /* a run is over, and is not tried again */
void job_planned(struct supervisor *s); /* app-next has ended */
void job_runs(struct supervisor *s);   /* the app runs: unless the next run replaces it already */
bool job_gives_up(const struct supervisor *s); /* the run that is over is not tried again, whatever "restart" says */
int64_t job_watch(const struct supervisor *s, struct pollfd *polls); /* fills one entry; the nearest deadline */
void job_serve(struct supervisor *s, const struct pollfd *polls);
void job_deadlines(struct supervisor *s);

/* helper.c: executes box --root STATE --store STORE VERB NAME [MORE…], whose descriptors are those of spawn.h; it answers on
 * s->helper_answer. None is at work: s->helper is 0. more may be NULL. */
int helper_begin(struct supervisor *s, const char *verb, const struct list *more, struct error *e);
bool helper_is_done(struct supervisor *s); /* the one at work; then it is waited for, and s->helper is 0 */

/* app_end.c: whether it is known how the app ended whose pidfd is s->kept.fds[0]. After s->give_up_ms it is, be it that nobody knows. */
bool app_end_find(const struct supervisor *s, struct process_end *ret);

/* renew.c: this process becomes the program that is installed now; the notes, the lock and what is kept stay. Returns where that cannot be
 * executed. And in the new program: takes what stayed. */
void renew(struct supervisor *s);
void renewed(struct supervisor *s);

/* Who asks the app that runs to end. */
#define BLAMED_HEALTH "health"
#define BLAMED_TIMEOUT JOB_TIMEOUT
#define BLAMED_NEXT_RUN "the next run of its schedule"
void lifecycle_blame(struct supervisor *s, const char *who);

/* fifos.c: s->streams and s->input. */
int fifos_make(struct supervisor *s, struct error *e); /* for the next run; -1: they are as they were, or the first one is new */
int fifos_open(struct supervisor *s, struct error *e); /* those of the run that s->progress tells of, by name or from s->kept */

/* outputs.c: what the app writes goes to the log, and to who is attached. */
enum { OUTPUTS_POLLS = LOG_STREAMS + 1 };
int terminal_of(const struct supervisor *s); /* the master of the run's terminal, or -1. Borrowed from s->kept */
int64_t outputs_watch(const struct supervisor *s, struct pollfd *polls); /* fills OUTPUTS_POLLS entries; the nearest deadline */
void outputs_serve(struct supervisor *s, const struct pollfd *polls);
void outputs_drain(struct supervisor *s); /* what the run left; of one who goes on writing, no more than fits into a FIFO */

/* attached.c */
void attached_add(struct supervisor *s, struct connection *c, const char *argument, struct control_fds *fds); /* takes fds that it wants */
void attached_begin(struct supervisor *s); /* the app runs: says so to who waited for it */
void attached_pass(struct supervisor *s, enum log_stream stream, uint64_t from); /* what came from that byte of the stream on */
void attached_end(struct supervisor *s);   /* the run is over: says how, and closes their connections */
void attached_close(struct connection *c);

/* care.c: of an app that runs. */
enum { CARE_POLLS = HEALTH_POLLS + 1 + SECRETS_POLLS + 1 };
void care_open(struct supervisor *s);
void care_begin(struct supervisor *s, bool is_new); /* is_new: it has just been started; else it was found running */
void care_rest(struct supervisor *s);               /* it has been asked to end: its health is nobody's business any more */
void care_end(struct supervisor *s);                /* it has ended */
int64_t care_watch(const struct supervisor *s, struct pollfd *polls); /* fills CARE_POLLS entries; the nearest deadline */
void care_serve(struct supervisor *s, const struct pollfd *polls);
bool care_is_busy(const struct supervisor *s); /* a child of it is at work */
bool care_knows(const struct supervisor *s, pid_t pid); /* whether the child is waited for there */

/* requests.c */
void requests_accept(struct supervisor *s);
void requests_add(struct supervisor *s, int fd, enum asks asks); /* takes fd; what it has said already is heard */
void requests_serve(struct supervisor *s, size_t index);         /* index may be another one's, or none's, afterwards */
void requests_drop(struct supervisor *s, size_t index);
bool requests_has(const struct supervisor *s, enum asks asks);
void requests_answer(struct supervisor *s, enum asks asks, const char *answer); /* all of these, and closes them */

/* watch_link.c: being watched. */
void watch_join(struct supervisor *s);  /* also to see whether it is time for the next attempt */
void watch_serve(struct supervisor *s); /* the watcher said something, or is gone */
void watch_keep(struct supervisor *s);  /* what s->kept holds now */
void watch_leave(struct supervisor *s);
