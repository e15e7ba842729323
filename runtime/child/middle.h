/* SPDX-License-Identifier: Apache-2.0 */
/*
 * middle.h - a process between box and a container: it joins what box itself must stay out of, leaves a child inside, and ends.
 *
 * Joining a pid namespace holds only for children, and a user namespace is not left again (setns(2)). CLONE_PARENT makes the new
 * process box's own child; it says nothing before STAGE_GO, so that STAGE_ENTERED is the first that box hears.
 */
#pragma once

#include <stdint.h>

struct error;

struct middle {
	int cgroup;     /* for CLONE_INTO_CGROUP, or -1 */
	uint64_t flags; /* CLONE_NEW* of the new process */
	int inside;     /* the new process' end of the channel: closed here */
	int outside;    /* box's end */
	/* In the middle process: whatever has to be done before the clone. *inside may move. */
	int (*prepare)(void *data, int *inside, struct error *e);
	/* In the new process: never returns. */
	void (*become)(void *data, int inside);
	void *data;
};

/* The new process' pid, with *ret_pidfd; -1 with what went wrong in the middle. */
int middle_start(const struct middle *middle, int *ret_pidfd, struct error *e);
