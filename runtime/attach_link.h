/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_link.h - the connection of who is attached to the app's supervisor (supervise/attached.c). Private to attach*.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

enum { ATTACH_STREAMS = 2 };

enum attach_input { ATTACH_NO_INPUT, ATTACH_PIPE, ATTACH_TERMINAL };

struct attach_link {
	int socket;
	int outputs[ATTACH_STREAMS]; /* what the app writes to stdout and stderr; non-blocking */
	int input;                   /* its stdin or terminal, non-blocking; -1: it has none */
	int pidfd;                   /* of the app */
	enum attach_input kind;
	int64_t run;                 /* 0: not attached yet */
	int64_t heard[ATTACH_STREAMS]; /* bytes of the streams that came or were missed; -1: not attached yet */
	bool is_over;                /* the run; and how */
	int64_t code, signal;        /* -1 and 0 where nobody knows */
};

void attach_link_init(struct attach_link *link);
void attach_link_release(struct attach_link *link); /* what it had is closed; run and heard stay */

/* Asks on socket, which becomes the link's. */
int attach_link_ask(struct attach_link *link, int socket, struct error *e);

/* The answer to it: 1, with is_over or with descriptors; 0: the supervisor is gone, and another one will come. */
int attach_link_answer(struct attach_link *link, struct error *e);

/* What the supervisor has to say later, where something can be read: 1; 0: it is gone. */
int attach_link_hear(struct attach_link *link, struct error *e);
