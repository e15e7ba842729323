/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.c - bytes on their way from one descriptor to another.
 *
 * A box that waited in write(2) for a stalled reader could not forward the signal that is to end it all. But
 * O_NONBLOCK belongs to the open file description, which box shares with its caller: a shell that gets its
 * own terminal back non-blocking is broken. So the target is opened once more by /proc/self/fd, which makes a
 * description of box's own; sockets, which cannot be opened, have MSG_DONTWAIT instead.
 */
#include "runtime/streams/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/streams/detach_keys.h"

static void choose_way(struct flow *flow)
{
	char path[40];
	struct stat st;

	flow->way = FLOW_WRITE;
	if (flow->to < 0 || fstat(flow->to, &st))
		return;
	if (S_ISSOCK(st.st_mode)) {
		flow->way = FLOW_SEND;
		return;
	}
	/* Files are always ready. Opening a device can do things; a terminal is the only one that makes its writers wait. */
	if (!S_ISFIFO(st.st_mode) && !isatty(flow->to))
		return;
	if (fcntl(flow->to, F_GETFL) & O_NONBLOCK)
		return;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", flow->to); /* always fits */
	flow->own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* It may belong to another user (su, sudo): then by small steps. */
	if (flow->own < 0)
		flow->way = FLOW_SMALL;
}

void flow_open(struct flow *flow, int from, int to)
{
	flow->from = from;
	flow->to = to;
	flow->own = -1;
	flow->failure = 0;
	flow->keys = NULL;
	flow->start = flow->end = 0;
	choose_way(flow);
}

void flow_close(struct flow *flow)
{
	if (flow->own >= 0)
		close(take_fd(&flow->own));
	flow->from = flow->to = -1;
	flow->start = flow->end = 0;
}

bool flow_has_bytes(const struct flow *flow)
{
	return flow->start < flow->end;
}

bool flow_is_open(const struct flow *flow)
{
	return flow->to >= 0 && (flow->from >= 0 || flow_has_bytes(flow));
}

void flow_watch(const struct flow *flow, struct pollfd polls[static 2])
{
	bool has_bytes = flow_has_bytes(flow), is_open = flow_is_open(flow);

	polls[0] = (struct pollfd){ .fd = is_open && !has_bytes ? flow->from : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = is_open && has_bytes ? flow->to : -1, .events = POLLOUT };
}

static ssize_t put(const struct flow *flow)
{
	const char *bytes = flow->bytes + flow->start;
	size_t length = flow->end - flow->start;

	if (flow->way == FLOW_SEND)
		return send(flow->to, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (flow->way == FLOW_SMALL && length > PIPE_BUF)
		length = PIPE_BUF;
	return write(flow->own >= 0 ? flow->own : flow->to, bytes, length);
}

static bool is_passing(int sys)
{
	return sys == EAGAIN || sys == EWOULDBLOCK || sys == EINTR;
}

static void write_bytes(struct flow *flow)
{
	ssize_t done = put(flow);

	if (done >= 0) {
		flow->start += (size_t)done;
		return;
	}
	if (is_passing(errno))
		return;
	flow->failure = errno;
	flow_close(flow);
}

static size_t read_bytes(struct flow *flow, size_t limit)
{
	size_t before = flow->keys ? DETACH_KEYS_MOST : 0, room = sizeof flow->bytes - before;
	ssize_t got = read(flow->from, flow->bytes + before, limit < room ? limit : room);

	if (got < 0 && is_passing(errno))
		return 0;
	if (got <= 0) {
		flow->from = -1;
		return 0;
	}
	flow->start = 0;
	flow->end = flow->keys ? detach_keys_take(flow->keys, flow->bytes, flow->bytes + before, (size_t)got) : (size_t)got;
	return (size_t)got;
}

size_t flow_serve(struct flow *flow, const struct pollfd polls[static 2], size_t limit)
{
	size_t got = 0;

	if (polls[1].fd >= 0 && polls[1].revents && flow_has_bytes(flow))
		write_bytes(flow);
	if (polls[0].fd >= 0 && polls[0].revents && flow->from >= 0 && limit)
		got = read_bytes(flow, limit);
	/* Most targets take it at once: that saves a poll(2). */
	if (got && flow->way != FLOW_SMALL)
		write_bytes(flow);
	return got;
}
