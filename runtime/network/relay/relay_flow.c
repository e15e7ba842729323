/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_flow.c - the life of a TCP connection.
 *
 *     accepted -> connecting -> running -> closing -> (both ends of file passed on, or a reset) dead
 *                  |      ^
 *                  v      |  another set of targets, or RELAY_RETRY_MS later
 *                  parked     (each target refused, and the service is held)
 *
 * Until it runs nothing was read from the client, so any target is as good as another.
 */
#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "runtime/network/relay/relay_parts.h"

static void set_state(struct relay *relay, struct relay_flow *flow, enum relay_state state)
{
	TAILQ_REMOVE(&relay->flows[flow->state], flow, links);
	relay->parked -= flow->state == RELAY_PARKED;
	relay->parked += state == RELAY_PARKED;
	flow->state = state;
	TAILQ_INSERT_TAIL(&relay->flows[state], flow, links);
}

static void close_side(struct relay_side *side, bool is_reset)
{
	static const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	side->watch.kind = RELAY_DEAD;
	if (side->fd < 0)
		return;
	if (is_reset)
		(void)setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now); /* a socket always has it */
	close(side->fd);
	side->fd = -1;
}

void relay_flow_end(struct relay *relay, struct relay_flow *flow, bool is_reset)
{
	TAILQ_REMOVE(&relay->flows[flow->state], flow, links);
	relay->parked -= flow->state == RELAY_PARKED;
	if (flow->has_turn)
		TAILQ_REMOVE(&relay->turns, flow, turns);
	for (int i = 0; i < 2; i++) {
		close_side(&flow->sides[i], is_reset);
		relay_pump_release(relay, &flow->pumps[i]);
	}
	TAILQ_INSERT_TAIL(&relay->dead, flow, links);
}

static int watch(const struct relay *relay, struct relay_side *side)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = &side->watch };

	return epoll_ctl(relay->epoll, EPOLL_CTL_ADD, side->fd, &event);
}

static void park(struct relay *relay, struct relay_flow *flow)
{
	const struct relay_service *service = flow->service;
	int64_t until = flow->accepted_ms + RELAY_GRACE_MS;

	/* An instance that refuses may just have been killed: a moment later it is none, and the service may be held. */
	if (!service->count || until < service->held_until_ms)
		until = service->held_until_ms;
	if (clock_monotonic_ms() >= until || relay->parked >= RELAY_PARKED_MOST)
		return relay_flow_end(relay, flow, /* is_reset= */ true);
	if (flow->state != RELAY_PARKED)
		set_state(relay, flow, RELAY_PARKED);
	flow->since_ms = clock_monotonic_ms();
}

/* The try number flow->tried: every target over the first family, then every one over the second. */
static int try_one(struct relay *relay, struct relay_flow *flow)
{
	const struct relay_service *service = flow->service;
	bool keeps = relay_keeps_address(relay, &flow->client);
	int families[2], family;

	relay_families(&flow->client, keeps, families);
	family = families[flow->tried / service->count];
	flow->target = service->targets[(flow->first + flow->tried) % service->count];
	flow->tried++;
	if (!relay_target_has(&flow->target, family)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return relay_connect(relay, &flow->client, &flow->target, flow->port, family, SOCK_STREAM, keeps);
}

/* Goes on with the next target; parks the flow behind the last one. */
static void connect_next(struct relay *relay, struct relay_flow *flow)
{
	struct relay_side *side = &flow->sides[1];

	while (flow->tried < 2 * flow->service->count) {
		side->fd = try_one(relay, flow);
		if (side->fd < 0)
			continue;
		if (watch(relay, side) == 0) {
			flow->since_ms = clock_monotonic_ms();
			side->watch.kind = RELAY_SIDE;
			return set_state(relay, flow, RELAY_CONNECTING);
		}
		close(side->fd);
		side->fd = -1;
	}
	park(relay, flow);
}

static void connect_first(struct relay *relay, struct relay_flow *flow)
{
	struct relay_service *service = flow->service;

	flow->tried = 0;
	if (service->count)
		flow->first = service->next++ % service->count;
	connect_next(relay, flow);
}

void relay_flow_begin(struct relay *relay, struct relay_listener *listener, int client, const union relay_address *address)
{
	struct relay_flow *flow = alloc_zeroed(1, sizeof *flow);

	flow->service = listener->service;
	flow->client = *address;
	flow->port = listener->target;
	flow->accepted_ms = clock_monotonic_ms();
	for (int i = 0; i < 2; i++) {
		flow->sides[i] = (struct relay_side){ .watch.kind = RELAY_DEAD, .flow = flow, .fd = i == 0 ? client : -1 };
		flow->pumps[i].pipe[0] = flow->pumps[i].pipe[1] = -1;
	}
	TAILQ_INSERT_TAIL(&relay->flows[RELAY_CONNECTING], flow, links);
	connect_first(relay, flow);
}

void relay_flow_turn(struct relay *relay, struct relay_flow *flow)
{
	int there = relay_pump_run(relay, &flow->pumps[0], &flow->sides[0], &flow->sides[1]);
	int back = there < 0 ? -1 : relay_pump_run(relay, &flow->pumps[1], &flow->sides[1], &flow->sides[0]);
	bool has_more = there > 0 || back > 0;

	if (there < 0 || back < 0)
		return relay_flow_end(relay, flow, /* is_reset= */ true);
	if (flow->pumps[0].is_done && flow->pumps[1].is_done)
		return relay_flow_end(relay, flow, /* is_reset= */ false);
	if (has_more && !flow->has_turn)
		TAILQ_INSERT_TAIL(&relay->turns, flow, turns);
	if (!has_more && flow->has_turn)
		TAILQ_REMOVE(&relay->turns, flow, turns);
	flow->has_turn = has_more;
	if (flow->pumps[1].is_done) { /* every turn is because something came or went: to the end of the list */
		flow->since_ms = clock_monotonic_ms();
		set_state(relay, flow, RELAY_CLOSING);
	}
}

static void begin_to_run(struct relay *relay, struct relay_flow *flow)
{
	struct relay_side *client = &flow->sides[0];

	client->watch.kind = RELAY_SIDE;
	client->is_readable = client->is_writable = true; /* a try shows whether it is so */
	client->is_hung = true;                           /* so does this: the end of file may have come before it was watched */
	flow->service = NULL;
	set_state(relay, flow, RELAY_RUNNING);
	if (watch(relay, client))
		return relay_flow_end(relay, flow, /* is_reset= */ true);
	relay_flow_turn(relay, flow);
	client->is_hung = false; /* from now on it is told */
}

static void connected(struct relay *relay, struct relay_flow *flow, uint32_t events)
{
	struct relay_side *side = &flow->sides[1];
	int failure = 0;
	socklen_t length = sizeof failure;

	if (getsockopt(side->fd, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0) {
		if (events & EPOLLOUT)
			begin_to_run(relay, flow);
		return;
	}
	close_side(side, /* is_reset= */ false);
	connect_next(relay, flow);
}

void relay_flow_event(struct relay *relay, struct relay_side *side, uint32_t events)
{
	struct relay_flow *flow = side->flow;

	side->is_readable |= (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0;
	side->is_writable |= (events & EPOLLOUT) != 0;
	side->is_hung |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
	if (flow->state == RELAY_CONNECTING)
		return connected(relay, flow, events);
	if (events & EPOLLERR)
		return relay_flow_end(relay, flow, /* is_reset= */ true);
	relay_flow_turn(relay, flow);
}

void relay_flow_retry(struct relay *relay, const struct relay_service *service)
{
	struct relay_flow *flow, *next;

	for (flow = TAILQ_FIRST(&relay->flows[RELAY_PARKED]); flow; flow = next) {
		next = TAILQ_NEXT(flow, links);
		if (!service || flow->service == service)
			connect_first(relay, flow);
	}
}

void relay_flow_expire(struct relay *relay, int64_t now)
{
	struct relay_flow *flow;

	while ((flow = TAILQ_FIRST(&relay->flows[RELAY_CONNECTING])) && now - flow->since_ms >= RELAY_CONNECT_MS) {
		close_side(&flow->sides[1], /* is_reset= */ true);
		connect_next(relay, flow);
	}
	while ((flow = TAILQ_FIRST(&relay->flows[RELAY_CLOSING])) && now - flow->since_ms >= RELAY_CLOSING_MS)
		relay_flow_end(relay, flow, /* is_reset= */ true);
}
