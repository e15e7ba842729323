/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h - from a filter that notifies to the program that decides (linux.seccomp.listenerPath).
 *
 *   box (create's run, start, exec)               child                               its helper, a thread
 *   -----------------------------------------    --------------------------------    ---------------------------
 *   connects to the listener's socket
 *   START                                   -->   makes the helper               -->   waits for a number in memory
 *                                                 loads the filter, writes the
 *                                                 listener's number into memory
 *                                            <--                                       LISTENER (descriptor), ends
 *   sends it on, with the process' state          sees in memory that it ended
 *                                            <--  end of file: the program runs
 *
 * From the moment when a filter is loaded, every call of the process may be one that has to wait for the answer of a program that does not
 * have the listener yet, or that is refused: sendmsg(2) and write(2) to hand it over, read(2) and futex(2) to wait for somebody who
 * fetches it. A filter without TSYNC holds for the thread that loads it alone. So a second thread, made before, hands over what appears in
 * the table of descriptors that both share, and between the two goes nothing but memory: the process itself makes no call between
 * seccomp(2) and execve(2). Profiles may notify on every call (runc refuses write). Only where a filter is seen to let every sendmsg(2)
 * through, as box's own does, the process sends LISTENER itself, and there is no helper. Fetching it from outside with pidfd_getfd(2) would
 * need the right to trace the process, and the same wait in memory.
 */
#pragma once

#include <sys/types.h>

struct container;
struct error;
struct seccomp_filter;

/* Child: loads the filter; one that notifies also sends LISTENER over the channel. */
int listener_load_filter(const struct seccomp_filter *filter, int channel, struct error *e);

/* The parent: a connection to the container's listener, before START, so that a missing one is found while nothing runs; -1 in *ret where
 * the container has none. */
int listener_connect(const struct container *container, int *ret, struct error *e);

/* Who asks, for the process' state. */
struct listener_notice {
	const struct container *container;
	pid_t pid;          /* of the process with the filter, on the host */
	pid_t first;        /* of the container's first process */
	const char *status; /* of the container */
};

/* Waits after START for the running program; on the way its listener goes to the connection (-1: there is none), which is closed then, for
 * whoever reads to its end before the first answer. */
int listener_wait(int channel, int *connection, const struct listener_notice *notice, struct error *e);
