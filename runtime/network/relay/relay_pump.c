/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_pump.c - the bytes of one direction of a connection.
 *
 * Short messages are read and written: two calls, and no pipe. Who fills the buffer several times in a row has much to send, and its
 * bytes go by splice(2) through a pipe without being copied, until they come in small pieces again. Nothing is read before what was read
 * earlier is written, so a slow reader slows its writer down, and a connection holds one buffer or one pipe at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/network/relay/relay_parts.h"

enum {
	FULL = 16 << 10,  /* a read of so much is a full one */
	MANY = 4,         /* so many full reads in a row, and the next goes through a pipe */
	SMALL = 4 << 10,  /* a splice of less than this is none */
};

static int wait_or_break(bool *is_able)
{
	*is_able = false;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* 1: all that was read is written. */
static int flush_rest(struct relay_pump *pump, struct relay_side *to)
{
	while (pump->rest) {
		ssize_t put;

		if (!to->is_writable)
			return 0;
		put = send(to->fd, pump->rest + pump->rest_at, pump->rest_end - pump->rest_at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put < 0)
			return wait_or_break(&to->is_writable);
		pump->rest_at += (size_t)put;
		if (pump->rest_at < pump->rest_end)
			continue;
		free(pump->rest);
		pump->rest = NULL;
	}
	return 1;
}

static int flush_pipe(struct relay_pump *pump, struct relay_side *to)
{
	while (pump->piped) {
		ssize_t put;

		if (!to->is_writable)
			return 0;
		put = splice(pump->pipe[0], NULL, to->fd, NULL, pump->piped, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (put <= 0)
			return wait_or_break(&to->is_writable);
		pump->piped -= (size_t)put;
	}
	return 1;
}

/* Bytes that were read: 0 at the end of file; -1 with errno. */
static ssize_t copy(struct relay *relay, struct relay_pump *pump, struct relay_side *from, struct relay_side *to)
{
	ssize_t got = recv(from->fd, relay->buffer, RELAY_BUFFER, MSG_DONTWAIT), put;

	if (got <= 0)
		return got;
	pump->full_reads = got >= FULL ? pump->full_reads + 1 : 0;
	if (got < RELAY_BUFFER && !from->is_hung)
		from->is_readable = false; /* epoll(7): a short read of a stream was all there is, and what comes is told */
	put = send(to->fd, relay->buffer, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (put < 0)
		put = 0;
	if (put < got) { /* the next send says whether it can take more */
		pump->rest = alloc_copy_bytes(relay->buffer + put, (size_t)(got - put));
		pump->rest_at = 0;
		pump->rest_end = (size_t)(got - put);
	}
	return got;
}

static ssize_t splice_in(struct relay_pump *pump, struct relay_side *from)
{
	ssize_t got = splice(from->fd, NULL, pump->pipe[1], NULL, RELAY_PIPE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (got > 0) {
		pump->piped = (size_t)got;
		pump->full_reads = got < SMALL ? 0 : MANY;
	}
	return got;
}

static ssize_t take(struct relay *relay, struct relay_pump *pump, struct relay_side *from, struct relay_side *to)
{
	if (pump->full_reads < MANY)
		return copy(relay, pump, from, to);
	if (pump->pipe[0] < 0 && relay_pipes_take(relay->pipes, pump->pipe)) {
		pump->pipe[0] = pump->pipe[1] = -1;
		return copy(relay, pump, from, to);
	}
	return splice_in(pump, from);
}

static int pass_end(struct relay_pump *pump, struct relay_side *to)
{
	pump->is_done = true;
	return shutdown(to->fd, SHUT_WR) ? -1 : 0;
}

static int move(struct relay *relay, struct relay_pump *pump, struct relay_side *from, struct relay_side *to)
{
	size_t moved = 0;

	while (moved < RELAY_TURN) {
		int is_empty = pump->rest ? flush_rest(pump, to) : flush_pipe(pump, to);
		ssize_t got;

		if (is_empty <= 0)
			return is_empty;
		if (pump->has_ended)
			return pass_end(pump, to);
		if (!from->is_readable || !to->is_writable)
			return 0;
		got = take(relay, pump, from, to);
		if (got < 0)
			return wait_or_break(&from->is_readable);
		pump->has_ended = got == 0;
		moved += (size_t)got;
	}
	return 1;
}

int relay_pump_run(struct relay *relay, struct relay_pump *pump, struct relay_side *from, struct relay_side *to)
{
	int more = pump->is_done ? 0 : move(relay, pump, from, to);

	if (more <= 0 && !pump->piped) /* it is quiet: others may have the pipe */
		relay_pipes_give(relay->pipes, pump->pipe, /* is_empty= */ true);
	return more;
}

void relay_pump_release(struct relay *relay, struct relay_pump *pump)
{
	relay_pipes_give(relay->pipes, pump->pipe, pump->piped == 0);
	free(pump->rest);
	pump->rest = NULL;
}
