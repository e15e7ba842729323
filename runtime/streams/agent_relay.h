/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_relay.h - the caller's SSH agent, for one step of a build.
 *
 * The step's socket is one of box's own: the agent's belongs to the caller, whom no process of the step is. A process between the two hands
 * questions on, and of these two alone: which keys are there, and sign this. Keys are never handed out by an agent; what would add, remove
 * or lock them gets its answer here: no.
 */
#pragma once

#include <stdbool.h>

struct error;

struct agent_relay {
	int pidfd; /* -1: it is not there */
};

/* Whether a message of this type (draft-miller-ssh-agent) is handed on. */
bool agent_relay_allows(unsigned char type);

/* listener: a listening socket; it is closed here. agent: the path of the caller's. The relay dies with the caller. */
int agent_relay_start(const char *agent, int listener, struct agent_relay *ret, struct error *e);
void agent_relay_end(struct agent_relay *relay);
