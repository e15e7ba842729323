/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.h - begin the programs of background apps: supervisors, the watcher, and box as the supervisor's helper.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;

enum { SPAWN_FDS = 3 };

/* What a supervisor is begun with, at these descriptors. */
enum {
	SPAWN_DEFINITION = 3, /* STORE/apps/NAME */
	SPAWN_LOCK = 4,       /* of its state folder, held; absent: the supervisor takes it */
	SPAWN_ASKER = 5,      /* gets the answer to the first start; absent: nobody waits for one */
};

struct spawn {
	const char *program;
	char *const *argv;
	int fds[SPAWN_FDS]; /* become 3, 4 and 5; the first -1 ends them */
	bool is_helper;     /* our child, which ends with us; else nobody's, in a session of its own */
	int group;          /* a v2 cgroup's folder in which it begins where the kernel lets it, unless it is a helper; 0 or -1: the caller's */
	/* In the new process before its program; where it fails the process ends with 125, and the asker (SPAWN_ASKER) hears why, as control.h
	 * has it. NULL: nothing. */
	int (*prepare)(const void *data, struct error *e);
	const void *data; /* its own */
};

/* Begins the program with nothing of the caller's: standard streams from and to /dev/null, no other descriptor, "/" as its folder, no
 * signal blocked or ignored, and of the environment what box needs. A helper's pidfd is in *ret_pidfd, and its pid is returned; else 0. */
pid_t spawn(const struct spawn *request, int *ret_pidfd, struct error *e);

/* In a program that this file began: the descriptor, close-on-exec, or -1 where it was not given. */
int spawn_given(int fd);
