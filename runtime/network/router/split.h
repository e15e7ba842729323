/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split.h - the beginning of a network: one process becomes two.
 *
 *     who began it      stays outside, in the host's network namespace, with the powers over it; keeps the way out (uplink.h), or ends
 *     the new one       is in a user namespace of its own, which owns the network namespace that is the network's: it has every power over
 *                       that one, and none over the host or over a member's
 *
 * An ordinary user's two share the user namespace, because pasta wants to be its root.
 */
#pragma once

#include <sys/types.h>

struct error;

struct split {
	int pidfd, namespace; /* outside: the new process, and its network namespace */
};

/* Each of root's has an id of its own, by the new process' number, whatever its subnet is and whose state folder it is in: so what the
 * kernel allows a user (pipes, watches) for itself, and no power over the processes of another one.
 * Returns twice: 0 in the new process, its pid outside. -1 with an error in the one that goes on: nothing is outside then. Where a host
 * lets root make no user namespace the new process is in the old one. */
pid_t split_begin(struct split *ret, struct error *e);

/* Outside: the new process has ended. *pidfd becomes -1. */
void split_bury(int *pidfd);
