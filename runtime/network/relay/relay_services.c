/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_services.c - the services of a network, the sockets that lead to them, and the loop.
 */
#include "runtime/network/relay/relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "runtime/network/port_room.h"
#include "runtime/network/relay/relay_parts.h"

enum { ROUNDS = 16 }; /* of events, before the other modules of this process have their turn */

/* The kernel gives the lowest descriptor that is free, so its number tells how many there are. */
static int take_descriptors(void)
{
	int most = process_most_files();

	return most - (int)port_room_reserve((size_t)most);
}

struct relay *relay_new(const struct relay_network *network, struct error *e)
{
	struct relay *relay;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0) {
		error_sys(e, "make an epoll descriptor for published ports");
		return NULL;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	relay = alloc_zeroed(1, sizeof *relay);
	relay->epoll = epoll;
	relay->network = *network;
	relay->fd_most = take_descriptors();
	LIST_INIT(&relay->services);
	LIST_INIT(&relay->dead_listeners);
	TAILQ_INIT(&relay->turns);
	TAILQ_INIT(&relay->dead);
	for (int i = 0; i < RELAY_STATES; i++)
		TAILQ_INIT(&relay->flows[i]);
	relay->pipes = relay_pipes_new();
	relay->udp = relay_udp_new();
	relay->buffer = alloc_zeroed(1, RELAY_BUFFER);
	return relay;
}

int relay_fd(const struct relay *relay)
{
	return relay->epoll;
}

static struct relay_service *service_of(const struct relay *relay, const char *name)
{
	struct relay_service *service;

	LIST_FOREACH(service, &relay->services, links)
		if (strcmp(service->name, name) == 0)
			break;
	return service;
}

static struct relay_service *service_make(struct relay *relay, const char *name)
{
	struct relay_service *service = service_of(relay, name);

	if (service)
		return service;
	service = alloc_zeroed(1, sizeof *service);
	service->name = alloc_copy(name);
	LIST_INIT(&service->listeners);
	LIST_INSERT_HEAD(&relay->services, service, links);
	return service;
}

static int listen_for(const struct relay *relay, struct relay_listener *listener, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.ptr = &listener->watch };

	return epoll_ctl(relay->epoll, how, listener->fd, &event);
}

/* What connections inherit from the socket that accepts them. A client that is gone without a word is noticed some time (tcp(7)). */
static void prepare(int socket, int protocol, int family)
{
	static const int yes = 1, idle = 60, interval = 15, count = 4;

	if (protocol == IPPROTO_UDP) { /* to which address of the host a datagram came: the answer leaves from there */
		(void)setsockopt(socket, family == AF_INET ? SOL_IP : SOL_IPV6, family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &yes,
				 sizeof yes);
		return;
	}
	(void)setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
	(void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

int relay_open(struct relay *relay, const struct relay_port *port, int socket, struct error *e)
{
	struct relay_listener *listener = alloc_zeroed(1, sizeof *listener);
	socklen_t length = sizeof listener->family;

	listener->fd = socket;
	listener->target = port->target;
	listener->watch.kind = port->protocol == IPPROTO_UDP ? RELAY_DATAGRAMS : RELAY_LISTENER;
	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &listener->family, &length) || listen_for(relay, listener, EPOLLIN, EPOLL_CTL_ADD)) {
		error_sys(e, "serve a port of %s", port->service);
		close(socket);
		free(listener);
		return -1;
	}
	prepare(socket, port->protocol, listener->family);
	listener->service = service_make(relay, port->service);
	LIST_INSERT_HEAD(&listener->service->listeners, listener, links);
	return 0;
}

static void close_listener(struct relay *relay, struct relay_listener *listener)
{
	LIST_REMOVE(listener, links);
	if (listener->watch.kind == RELAY_DATAGRAMS)
		relay_udp_drop(relay, listener->service, listener);
	listener->watch.kind = RELAY_DEAD;
	/* The spare process and box may hold it too: closing it here does not end the watch. */
	(void)epoll_ctl(relay->epoll, EPOLL_CTL_DEL, listener->fd, NULL);
	close(listener->fd);
	LIST_INSERT_HEAD(&relay->dead_listeners, listener, links);
}

static struct relay_listener *listener_of(const struct relay *relay, int socket)
{
	struct relay_service *service;
	struct relay_listener *listener;

	LIST_FOREACH(service, &relay->services, links)
		LIST_FOREACH(listener, &service->listeners, links)
			if (listener->fd == socket)
				return listener;
	return NULL;
}

void relay_lead(struct relay *relay, int socket, in_port_t target)
{
	struct relay_listener *listener = listener_of(relay, socket);

	if (!listener || listener->target == target)
		return;
	listener->target = target;
	relay_udp_drop(relay, listener->service, listener);
}

void relay_shut(struct relay *relay, int socket)
{
	struct relay_listener *listener = listener_of(relay, socket);

	if (listener)
		close_listener(relay, listener);
}

void relay_close(struct relay *relay, const char *name)
{
	struct relay_service *service = service_of(relay, name);
	struct relay_flow *flow, *next;

	if (!service)
		return;
	for (int state = 0; state < RELAY_RUNNING; state++)
		for (flow = TAILQ_FIRST(&relay->flows[state]); flow; flow = next) {
			next = TAILQ_NEXT(flow, links);
			if (flow->service == service)
				relay_flow_end(relay, flow, /* is_reset= */ true);
		}
	while (!LIST_EMPTY(&service->listeners))
		close_listener(relay, LIST_FIRST(&service->listeners));
	LIST_REMOVE(service, links);
	free(service->targets);
	free(service->name);
	free(service);
}

static void pause_listener(struct relay *relay, struct relay_listener *listener, bool pauses)
{
	if (listener->is_paused != pauses && listen_for(relay, listener, pauses ? 0 : EPOLLIN, EPOLL_CTL_MOD) == 0)
		listener->is_paused = pauses;
}

static void resume(struct relay *relay, const struct relay_service *service)
{
	struct relay_listener *listener;

	LIST_FOREACH(listener, &service->listeners, links)
		pause_listener(relay, listener, /* pauses= */ false);
}

void relay_targets(struct relay *relay, const char *name, const struct relay_target *targets, size_t count, int64_t hold_ms)
{
	struct relay_service *service = service_make(relay, name);

	free(service->targets);
	service->targets = alloc_zeroed(count, sizeof *targets);
	if (count)
		memcpy(service->targets, targets, count * sizeof *targets);
	service->count = count;
	service->held_until_ms = hold_ms > 0 ? clock_monotonic_ms() + hold_ms : 0;
	relay_udp_drop(relay, service, NULL);
	for (struct relay_flow *flow = TAILQ_FIRST(&relay->flows[RELAY_CONNECTING]); flow; flow = TAILQ_NEXT(flow, links))
		if (flow->service == service)
			flow->tried = flow->first = 0; /* of the new ones, if the one that it waits for does not take it */
	relay_flow_retry(relay, service);
	resume(relay, service);
}

size_t relay_flows(const struct relay *relay, struct in_addr four)
{
	const struct relay_flow *flow;
	size_t count = 0;

	for (int state = 0; state < RELAY_STATES; state++)
		if (state != RELAY_PARKED)
			TAILQ_FOREACH(flow, &relay->flows[state], links)
				count += flow->target.four.s_addr == four.s_addr;
	return count;
}

/* Where nobody can take connections for a while, the kernel's queue keeps them. */
static bool may_accept(struct relay *relay, struct relay_listener *listener)
{
	const struct relay_service *service = listener->service;
	bool waits = !service->count && clock_monotonic_ms() < service->held_until_ms;

	if (!waits && relay->parked < RELAY_PARKED_MOST && !relay->starved_until_ms)
		return true;
	pause_listener(relay, listener, /* pauses= */ true);
	return false;
}

static void accept_some(struct relay *relay, struct relay_listener *listener)
{
	for (int i = 0; i < RELAY_ACCEPTS && listener->watch.kind == RELAY_LISTENER && may_accept(relay, listener); i++) {
		union relay_address client = { 0 };
		socklen_t length = sizeof client;
		int fd = accept4(listener->fd, &client.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= relay->fd_most) {
			close(fd);
			relay->starved_until_ms = clock_monotonic_ms() + RELAY_STARVED_MS;
		} else if (fd >= 0) {
			relay_flow_begin(relay, listener, fd, &client);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			relay->starved_until_ms = clock_monotonic_ms() + RELAY_STARVED_MS;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void handle(struct relay *relay, struct relay_watch *watch, uint32_t events)
{
	switch (watch->kind) {
	case RELAY_DEAD: return;
	case RELAY_LISTENER: return accept_some(relay, (struct relay_listener *)(void *)watch);
	case RELAY_SIDE: return relay_flow_event(relay, (struct relay_side *)(void *)watch, events);
	case RELAY_DATAGRAMS: return relay_udp_client(relay, (struct relay_listener *)(void *)watch);
	case RELAY_PEER: return relay_udp_peer(relay, watch);
	}
}

static void reap(struct relay *relay)
{
	struct relay_flow *flow;
	struct relay_listener *listener;

	while ((flow = TAILQ_FIRST(&relay->dead))) {
		TAILQ_REMOVE(&relay->dead, flow, links);
		free(flow);
	}
	while ((listener = LIST_FIRST(&relay->dead_listeners))) {
		LIST_REMOVE(listener, links);
		free(listener);
	}
	relay_udp_reap(relay);
}

static void keep_time(struct relay *relay)
{
	struct relay_service *service;
	struct relay_flow *parked = TAILQ_FIRST(&relay->flows[RELAY_PARKED]);
	int64_t now = clock_monotonic_ms();

	relay_flow_expire(relay, now);
	relay_udp_expire(relay, now);
	if (parked && now - parked->since_ms >= RELAY_RETRY_MS)
		relay_flow_retry(relay, NULL);
	if (relay->starved_until_ms && now >= relay->starved_until_ms)
		relay->starved_until_ms = 0;
	if (!relay->starved_until_ms && relay->parked < RELAY_PARKED_MOST)
		LIST_FOREACH(service, &relay->services, links)
			if (service->count || now >= service->held_until_ms)
				resume(relay, service);
}

static bool serve_events(struct relay *relay)
{
	struct epoll_event events[RELAY_EVENTS];
	int count = epoll_wait(relay->epoll, events, RELAY_EVENTS, 0);

	for (int i = 0; i < count; i++)
		handle(relay, events[i].data.ptr, events[i].events);
	return count > 0;
}

void relay_serve(struct relay *relay)
{
	struct relay_flow *flow, *last;
	bool has_more = true;

	reap(relay); /* what other calls ended */
	for (int i = 0; i < ROUNDS && has_more; i++) {
		has_more = serve_events(relay);
		last = TAILQ_LAST(&relay->turns, relay_flow_list);
		while ((flow = TAILQ_FIRST(&relay->turns))) {
			bool is_last = flow == last;

			TAILQ_REMOVE(&relay->turns, flow, turns);
			flow->has_turn = false;
			relay_flow_turn(relay, flow);
			if (is_last)
				break;
		}
		reap(relay);
	}
	keep_time(relay);
	reap(relay);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int relay_deadline_ms(const struct relay *relay)
{
	const struct relay_flow *connecting = TAILQ_FIRST(&relay->flows[RELAY_CONNECTING]);
	const struct relay_flow *parked = TAILQ_FIRST(&relay->flows[RELAY_PARKED]);
	const struct relay_flow *closing = TAILQ_FIRST(&relay->flows[RELAY_CLOSING]);
	const struct relay_service *service;
	const struct relay_listener *listener;
	int64_t at = relay_udp_next_ms(relay), now;

	if (!TAILQ_EMPTY(&relay->turns))
		return 0;
	if (connecting)
		at = sooner(at, connecting->since_ms + RELAY_CONNECT_MS);
	if (closing)
		at = sooner(at, closing->since_ms + RELAY_CLOSING_MS);
	if (parked)
		at = sooner(at, parked->since_ms + RELAY_RETRY_MS);
	if (relay->starved_until_ms)
		at = sooner(at, relay->starved_until_ms);
	LIST_FOREACH(service, &relay->services, links)
		LIST_FOREACH(listener, &service->listeners, links)
			if (listener->is_paused && !service->count && service->held_until_ms)
				at = sooner(at, service->held_until_ms);
	if (at < 0)
		return -1;
	now = clock_monotonic_ms();
	return at > now ? (int)(at - now) : 0;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	while (!LIST_EMPTY(&relay->services))
		relay_close(relay, LIST_FIRST(&relay->services)->name);
	for (int state = RELAY_RUNNING; state < RELAY_STATES; state++)
		while (!TAILQ_EMPTY(&relay->flows[state]))
			relay_flow_end(relay, TAILQ_FIRST(&relay->flows[state]), /* is_reset= */ true);
	reap(relay);
	relay_pipes_free(relay->pipes);
	relay_udp_free(relay);
	close(relay->epoll);
	free(relay->buffer);
	free(relay);
}
