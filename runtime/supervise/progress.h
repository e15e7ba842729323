/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far a supervisor is with its app: STATE/NAME/supervisor.
 *
 * Written before each step, so that whoever takes over, after a kill or as a newer version of the program, goes on from it.
 */
#pragma once

#include <stdint.h>

struct error;

/* In the order in which a run goes through them, but for the last. The numbers stay: another version of box may take over. */
enum phase {
	PHASE_STARTING, /* box app-start is at work */
	PHASE_RUNNING,  /* the app is */
	PHASE_ENDING,   /* box app-end is at work */
	PHASE_WAITING,  /* for the next start */
	PHASE_LEAVING,  /* box app-leave is at work; then nothing is left of the state folder */
	PHASE_PLANNING, /* of a job, before it waits or starts: box app-next is at work */
	PHASE_COUNT,
};

struct progress {
	int64_t pid, start_time; /* of the supervisor */
	int64_t phase;           /* enum phase */
	int64_t app_pid, app_start_time; /* 0: none */
	int64_t listens;         /* 1: the listener of the app's seccomp filter is kept, behind its pidfd */
	int64_t terminal;        /* 1: the master of its terminal is kept, behind these */
	int64_t oom_fds;         /* how many descriptors tell of OOM kills, behind these (ooms.h) */
	int64_t oom_kills;       /* of this run, told */
	char *stopped_by;        /* who asked this run to end: "box stop"; NULL: nobody did */
	int64_t code, signal;    /* of the last run: -1 and 0 where nobody knows */
	int64_t starts;          /* runs since the app was made */
	int64_t in_a_row, failures; /* policy.h */
	int64_t started_ms;      /* clock_boot_ms */
	int64_t next_start_ms;   /* PHASE_WAITING: likewise; 0: a job, for its time */
	int64_t queued;          /* 1: a job's next run is to begin as soon as this one is over, or planned */
	char *definition;        /* path of STORE/apps/NAME */
	char *program;           /* box-supervise */
};

#define PROGRESS_FILE "supervisor"

/* From and to the open state folder. Numbers that no version of box writes are an error. */
int progress_read(int folder, struct progress *ret, struct error *e);
int progress_write(int folder, const struct progress *progress, struct error *e);
void progress_release(struct progress *progress);
