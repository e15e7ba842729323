/* SPDX-License-Identifier: Apache-2.0 */
/*
 * afterwards.h - a process that outlives its box by a moment, to put in order what box cannot once it was killed.
 *
 * It sleeps on a pipe of which only box has the other end: however box ends, it hears of it.
 */
#pragma once

struct error;

struct afterwards {
	int pipe; /* box's end; -1: there is no such process */
	int pidfd;
};
#define AFTERWARDS_NONE ((struct afterwards){ -1, -1 })

/* act runs in the new process, which no signal but SIGKILL ends: it reads the pipe to its end, and then acts. title is what ps shows. */
int afterwards_start(const char *title, void (*act)(int pipe, const void *data), const void *data, struct afterwards *ret, struct error *e);

/* Lets it act now, and waits until it has. That there is none is fine. */
int afterwards_end(struct afterwards *afterwards, struct error *e);
