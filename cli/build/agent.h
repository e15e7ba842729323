/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - RUN --mount=type=ssh: the caller's SSH agents, which --ssh gives to steps.
 */
#pragma once

struct build_mount;
struct build_work;
struct error;

/* --ssh "ID" or "ID=SOCKET"; ID alone is the agent that SSH_AUTH_SOCK names. */
int build_agent_check(const char *words, struct error *e);

#define BUILD_AGENT_SOCKET "agent"

/* Looks for the agent of a mount: *ret_path is its socket, to be freed; NULL: nobody gave it, and the step can do without. */
int build_agent_find(const struct build_work *work, const struct build_mount *mount, char **ret_path, struct error *e);

/* A listening socket of the name BUILD_AGENT_SOCKET in the folder. */
int build_agent_listen(int folder, struct error *e);
