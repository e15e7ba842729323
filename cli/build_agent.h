/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_agent.h - RUN --mount=type=ssh: the caller's SSH agents, which --ssh gives to steps.
 */
#pragma once

#include <stddef.h>

struct agent_relay;
struct build_mount;
struct build_work;
struct error;

/* --ssh "ID" or "ID=SOCKET"; ID alone is the agent that SSH_AUTH_SOCK names. */
int build_agent_check(const char *words, struct error *e);

#define BUILD_AGENT_NONE (-2)

/* A socket for the step in the folder, whose relay has begun: a descriptor of it (O_PATH); the caller ends the relay. BUILD_AGENT_NONE:
 * nobody gave that agent, and the step can do without. */
int build_agent_open(const struct build_work *work, const struct build_mount *mount, int folder, struct agent_relay *ret, struct error *e);
