/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h - bytes on their way from one descriptor to another, through one buffer, without ever waiting.
 *
 * Either the buffer is empty and the source is watched, or it holds something and the target is watched: a slow
 * reader slows the writer down, nothing is lost, and nothing grows.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct detach_keys;

enum { FLOW_BYTES = 32768 };

enum flow_way {
	FLOW_WRITE, /* write(2) does not wait: a file, or a description that is O_NONBLOCK */
	FLOW_SEND,  /* a socket: send(2) with MSG_DONTWAIT */
	FLOW_SMALL, /* write(2) may wait: only after POLLOUT, and no more than a pipe takes at once */
};

struct flow {
	int from;  /* -1: nothing more comes. Borrowed */
	int to;    /* -1: nobody takes it. Borrowed */
	int own;   /* a non-blocking description of the target that this flow opened, or -1 */
	enum flow_way way;
	int failure; /* errno of the write that ended it; 0: none */
	struct detach_keys *keys; /* what is read is looked through for them; NULL: it is not. Borrowed */
	size_t start, end;
	char bytes[FLOW_BYTES];
};

/* A flow from one descriptor (which should be O_NONBLOCK) to another. The target's own flags stay: they
 * belong to everybody who shares its description, the caller's shell among them. */
void flow_open(struct flow *flow, int from, int to);

/* Closes what flow_open opened. */
void flow_close(struct flow *flow);

/* Whether something may still be carried. */
bool flow_is_open(const struct flow *flow);
bool flow_has_bytes(const struct flow *flow);

/* What to wait for: fills two entries; -1 where nothing. */
void flow_watch(const struct flow *flow, struct pollfd polls[static 2]);

/* Carries what can be carried after poll(2) filled the same entries. Returns the bytes that were read. At the
 * end of the source from becomes -1; where the target takes nothing more, both become -1, what is left is
 * dropped, and failure says why. limit: reads no more than that. */
size_t flow_serve(struct flow *flow, const struct pollfd polls[static 2], size_t limit);
