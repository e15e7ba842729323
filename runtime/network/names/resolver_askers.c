/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_askers.c - the name service of a network: who asks, and the loop.
 */
#include "runtime/network/names/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "runtime/network/names/resolver_parts.h"
#include "runtime/network/names/upstream.h"

enum { EVENTS = 64, BACKLOG = 16 };

int resolver_watch(const struct resolver *resolver, struct resolver_watch *watch, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(resolver->epoll, how, watch->fd, &event);
}

struct resolver *resolver_new(int upstream, const struct subnet *subnet, struct error *e)
{
	struct resolver *resolver = alloc_zeroed(1, sizeof *resolver);

	resolver->epoll = epoll_create1(EPOLL_CLOEXEC);
	resolver->subnet = *subnet;
	resolver->upstream = (struct resolver_watch){ .kind = RESOLVER_UPSTREAM, .fd = upstream };
	/* Another box-net may have asked before, whose answers are still to come. */
	if (getrandom(&resolver->next_ticket, sizeof resolver->next_ticket, 0) < 0)
		resolver->next_ticket = (uint64_t)clock_since_1970_ns();
	if (resolver->epoll >= 0 && (upstream < 0 || resolver_watch(resolver, &resolver->upstream, EPOLLIN, EPOLL_CTL_ADD) == 0))
		return resolver;
	error_sys(e, "make the name service of a network");
	resolver_free(resolver);
	return NULL;
}

static void reap(struct resolver *resolver)
{
	struct stream *stream;
	struct asker *asker;

	while ((stream = LIST_FIRST(&resolver->dead_streams))) {
		LIST_REMOVE(stream, links);
		free(stream);
	}
	while ((asker = LIST_FIRST(&resolver->dead))) {
		LIST_REMOVE(asker, links);
		free(asker->instance);
		free(asker);
	}
}

void resolver_close(const struct resolver *resolver, struct resolver_watch *watch)
{
	watch->kind = RESOLVER_DEAD;
	if (watch->fd < 0)
		return;
	(void)epoll_ctl(resolver->epoll, EPOLL_CTL_DEL, watch->fd, NULL); /* the spare process has the socket, too */
	close(take_fd(&watch->fd));
}

static void end_asker(struct resolver *resolver, struct asker *asker)
{
	while (!LIST_EMPTY(&asker->streams))
		resolver_stream_end(resolver, LIST_FIRST(&asker->streams));
	resolver_forward_forget(resolver, asker);
	resolver_close(resolver, &asker->udp);
	resolver_close(resolver, &asker->tcp);
	resolver_close(resolver, &asker->before);
	resolver_close(resolver, &asker->next);
	LIST_REMOVE(asker, links);
	LIST_INSERT_HEAD(&resolver->dead, asker, links);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	while (!LIST_EMPTY(&resolver->askers))
		end_asker(resolver, LIST_FIRST(&resolver->askers));
	reap(resolver);
	names_release(&resolver->names);
	if (resolver->upstream.fd >= 0)
		close(resolver->upstream.fd);
	if (resolver->epoll >= 0)
		close(resolver->epoll);
	free(resolver);
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->epoll;
}

static int begin(const struct resolver *resolver, struct resolver_watch *watch)
{
	return watch->fd >= 0 ? fcntl(watch->fd, F_SETFL, O_NONBLOCK) || resolver_watch(resolver, watch, EPOLLIN, EPOLL_CTL_ADD) : 0;
}

int resolver_listen(struct resolver *resolver, const char *instance, const struct resolver_sockets *sockets, struct error *e)
{
	struct asker *asker = alloc_zeroed(1, sizeof *asker);

	asker->instance = alloc_copy(instance);
	asker->udp = (struct resolver_watch){ .kind = RESOLVER_UDP, .asker = asker, .fd = sockets->udp };
	asker->tcp = (struct resolver_watch){ .kind = RESOLVER_TCP, .asker = asker, .fd = sockets->tcp };
	asker->before = (struct resolver_watch){ .kind = RESOLVER_BEFORE, .asker = asker, .fd = sockets->before };
	asker->next = (struct resolver_watch){ .kind = RESOLVER_NEXT, .asker = asker, .fd = sockets->next };
	LIST_INSERT_HEAD(&resolver->askers, asker, links);
	if ((asker->tcp.fd < 0 || listen(asker->tcp.fd, BACKLOG) == 0) && begin(resolver, &asker->udp) == 0 &&
	    begin(resolver, &asker->tcp) == 0 && begin(resolver, &asker->before) == 0 && begin(resolver, &asker->next) == 0)
		return 0;
	error_sys(e, "answer the questions of %s about names", instance);
	end_asker(resolver, asker);
	return -1;
}

void resolver_forget(struct resolver *resolver, const char *instance)
{
	struct asker *asker, *next;

	for (asker = LIST_FIRST(&resolver->askers); asker; asker = next) {
		next = LIST_NEXT(asker, links);
		if (strcmp(asker->instance, instance) == 0)
			end_asker(resolver, asker);
	}
}

void resolver_set(struct resolver *resolver, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six)
{
	names_set(&resolver->names, asker, name, four, six);
}

void resolver_clear(struct resolver *resolver)
{
	names_release(&resolver->names);
}

void resolver_reply(struct resolver *resolver, const struct resolver_client *client, const struct dns_question *question, uint8_t *bytes,
		    size_t length)
{
	if (client->kind == RESOLVER_STREAM)
		return resolver_stream_reply(resolver, client, bytes, length);
	if (client->kind == RESOLVER_BEFORE) {
		/* What does not arrive is given up there in time. */
		(void)resolver_send(client->asker->before.fd, client->id, client->is_tcp, bytes, length);
		return;
	}
	length = dns_truncate(bytes, length, question);
	(void)sendto(client->asker->udp.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&client->address,
		     sizeof client->address); /* who asked asks again */
}

static void read_datagrams(struct resolver *resolver, struct asker *asker)
{
	uint8_t query[DNS_QUERY];

	for (int i = 0; i < RESOLVER_QUESTIONS; i++) {
		struct resolver_client client = { .asker = asker, .kind = RESOLVER_UDP };
		socklen_t length = sizeof client.address;
		ssize_t got = recvfrom(asker->udp.fd, query, sizeof query, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&client.address, &length);

		if (got < 0)
			return;
		if ((size_t)got <= sizeof query && client.address.sin_family == AF_INET)
			resolver_ask(resolver, &client, query, (size_t)got);
	}
}

static void read_before(struct resolver *resolver, struct asker *asker)
{
	const size_t head = sizeof(struct upstream_header);
	uint8_t message[sizeof(struct upstream_header) + DNS_QUERY];
	struct upstream_header header;

	for (int i = 0; i < RESOLVER_QUESTIONS; i++) {
		ssize_t got = recv(asker->before.fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);

		if (got == 0) /* that network has ended; with the member nobody asks any more */
			return resolver_close(resolver, &asker->before);
		if (got < 0)
			return;
		if ((size_t)got < head || (size_t)got > sizeof message)
			continue;
		memcpy(&header, message, head);
		resolver_ask(resolver, &(struct resolver_client){ .asker = asker, .kind = RESOLVER_BEFORE, .id = header.ticket, .is_tcp = header.is_tcp },
			     message + head, (size_t)got - head);
	}
}

void resolver_serve(struct resolver *resolver)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(resolver->epoll, events, EVENTS, 0);
	int64_t now = clock_monotonic_ms();

	for (int i = 0; i < count; i++) {
		struct resolver_watch *watch = events[i].data.ptr;

		switch (watch->kind) {
		case RESOLVER_DEAD: break;
		case RESOLVER_UDP: read_datagrams(resolver, watch->asker); break;
		case RESOLVER_TCP: resolver_stream_accept(resolver, watch->asker); break;
		case RESOLVER_STREAM: resolver_stream_event(resolver, (struct stream *)(void *)watch); break;
		case RESOLVER_BEFORE: read_before(resolver, watch->asker); break;
		case RESOLVER_NEXT:
		case RESOLVER_UPSTREAM: resolver_returned(resolver, watch); break;
		}
	}
	resolver_forward_expire(resolver, now);
	resolver_stream_expire(resolver, now);
	reap(resolver);
}

int resolver_deadline_ms(const struct resolver *resolver)
{
	int64_t a = resolver_forward_next_ms(resolver), b = resolver_stream_next_ms(resolver), now = clock_monotonic_ms();
	int64_t next = a < 0 || (b >= 0 && b < a) ? b : a;

	if (next < 0)
		return -1;
	return next > now ? (int)(next - now) : 0;
}
