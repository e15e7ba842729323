/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - short texts between box, supervisors and the watcher, one message each, over a Unix socket in a state folder.
 *
 * They are words, not structs: a box of another version reads them.
 *
 *     to a supervisor       "stop GRACE_US", "restart GRACE_US", "start", "wait", "renew",
 *                           "attach RUN OUT ERR" with two pipes, which get what the app writes: RUN 0: of the run that there is,
 *                           OUT and ERR: from that byte of the stream on, -1: from now on
 *     to the watcher        "watch NAME\nDEFINITION\nBOX-SUPERVISE\nBOX", "keep" with descriptors, "renew", "bye"
 *     from app-start        "running PID START_TIME LISTENS TERMINAL OOM_FDS" with the app's pidfd, where LISTENS is 1 the
 *                           listener of its seccomp filter, where TERMINAL is 1 its master, what tells of OOM kills,
 *                           and what else has to outlive box
 *     to who is attached    "attached RUN OUT ERR INPUT" with the app's pidfd, where INPUT is 1 its stdin, where it is 2 its
 *                           terminal; "missed 1 BYTES" of stdout, "missed 2 BYTES" of stderr, which found no room in the
 *                           pipe; and last "ended CODE SIGNAL"
 *     to who waited         "ok CODE SIGNAL"
 *     an answer             "ok …", or "failed KIND ERRNO\nFIELD\nHINT\nTEXT"
 */
#pragma once

#include <stddef.h>

struct error;
struct text;

enum { CONTROL_FDS = 128, CONTROL_MOST = 64 << 10 };

/* A message with descriptors, which the receiver owns. */
struct control_fds {
	int fds[CONTROL_FDS];
	size_t count;
};

/* Listens on a socket NAME in the open folder; one that is there is replaced. Does not block on accept. */
int control_listen(int folder, const char *name, struct error *e);

/* Connects to it. e->sys is ENOENT or ECONNREFUSED where nobody listens. */
int control_connect(int folder, const char *name, struct error *e);

/* The same without waiting for one that takes no connections: e->sys is EAGAIN where its queue is full. */
int control_try_connect(int folder, const char *name, struct error *e);

/* Two connected ends of the same kind, close-on-exec. */
int control_pair(int ret_ends[static 2], struct error *e);

/* Sends a message; fds (NULL: none) stay open here. EPIPE where the other side is gone. */
int control_send(int socket, const char *message, const struct control_fds *fds, struct error *e);

/* The next message: 1, with its descriptors where fds is not NULL (else they are closed); 0: the other side is gone. */
int control_receive(int socket, struct text *ret, struct control_fds *fds, struct error *e);

/* The same without waiting: -1 with e->sys EAGAIN where nothing has come. */
int control_try_receive(int socket, struct text *ret, struct control_fds *fds, struct error *e);

void control_fds_close(struct control_fds *fds);

/* An error as an answer, and back: 0 where the message is no "failed". */
void control_add_failure(const struct error *from, struct text *ret);
int control_check(const char *message, struct error *e);
