/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watcher.h - the one process per state folder that replaces supervisors which die.
 *
 *     STATE/.watch/lock     held by the watcher
 *     STATE/.watch/socket   on which supervisors connect to it
 *
 * Both go with the last supervisor.
 */
#pragma once

struct error;

#define WATCHER_FOLDER ".watch"
#define WATCHER_SOCKET "socket"
#define WATCHER_TITLE "box:[watch]"

/* The descriptors are those that the supervisor which begins it gives: the open folder, the lock, the socket. Returns when there is
 * nobody left to watch. */
int watcher_run(int folder, int lock, int listener, struct error *e);

/* What box boot --keep becomes, for the service manager of a host to begin again when it was killed: the watcher, as soon as there is no
 * other, also where there is nobody to watch. Should the watcher and every supervisor be killed at once, nobody else is left. state is
 * the open folder of all states. Returns at SIGTERM, or where another program is installed by now. */
#define KEEPER_TITLE "box:[keep]"
int keeper_run(int state, const char *box, struct error *e);
