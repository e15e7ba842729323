/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.h - a connection to the box-net of a network.
 */
#pragma once

#include <stdbool.h>

struct control_fds;
struct error;
struct network_wish;
struct places;
struct text;

/* Connects; a network that is not there is made, and a box-net that is not there is begun, in a cgroup, a session and with streams of its
 * own. What is sent meanwhile waits. */
int network_reach(const struct places *places, const struct network_wish *wish, struct error *e);

/* Connects to a box-net that is there; -1 with ERROR_MISSING where nobody is in the network. */
int network_find(const struct places *places, const char *name, struct error *e);

/* Whether a box-net is there: without waiting for it. */
bool network_lives(const struct places *places, const char *name);

/* The lock of all networks of this state folder, until it is closed: no box-net begins, and no network is made, meanwhile. Nobody waits for
 * a box-net while holding it. After some time -1, and who has it. */
int network_lock(const struct places *places, struct error *e);

/* Asks, and waits for the answer: its lines behind "ok" are added to ret (NULL: not wanted). fds (NULL: none) stay open. e->sys is EPIPE
 * where box-net is gone. */
int network_ask(int connection, const char *words, const struct control_fds *fds, struct text *ret, struct error *e);

/* The two halves of it; what comes with the answer is in fds (NULL: closed). */
int network_say(int connection, const char *words, const struct control_fds *fds, struct error *e);
int network_hear(int connection, struct text *ret, struct control_fds *fds, struct error *e);

/* The lines of "show" (words.h). Who looks at all networks does not wait long for one that does not answer. */
int network_show(const struct places *places, const char *network, struct text *ret, struct error *e);
