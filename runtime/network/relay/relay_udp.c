/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_udp.c - datagrams of published ports.
 *
 * A peer is a client of a port: one socket towards one target, which stays the same until the client was silent for a while, or the target
 * went away. Anybody can write any sender onto a datagram, so peers are bounded, per client address and in all; where a bound is reached
 * the one that was silent for longest makes room, and one that its target has never answered before one that it has.
 *
 * What no target takes is dropped: UDP promises no more, and who sends asks again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "runtime/network/relay/relay_parts.h"

enum {
	BATCH = 32,              /* datagrams received with one call */
	BATCHES = 4,             /* from one socket before others have their turn */
	DATAGRAM = 64 << 10,     /* the longest one */
	PEERS_MOST = 4096,       /* in all */
	PEERS_OF_CLIENT = 512,   /* of one address */
	SILENT_MS = 30000,       /* of a client that was never answered */
	SILENT_ANSWERED_MS = 120000,
	BUCKETS = 4096,
};

union packet_info {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct relay_peer {
	struct relay_watch watch;
	TAILQ_ENTRY(relay_peer) age; /* of relay_udp's lists, the longest silent first; or of the dead */
	LIST_ENTRY(relay_peer) same_port, same_address;
	struct relay_listener *listener;
	union relay_address client;
	size_t own_length;
	struct relay_target target;
	int fd;
	int64_t last_ms;
	bool is_answered;
	union packet_info own; /* the host's address that the client wrote to, as sendmsg(2) wants it */
};

TAILQ_HEAD(peer_list, relay_peer);
LIST_HEAD(peer_bucket, relay_peer);

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union relay_address addresses[BATCH];
	union packet_info infos[BATCH];
	char bytes[BATCH][DATAGRAM];
};

struct relay_udp {
	struct peer_list by_age[2]; /* unanswered, answered */
	struct peer_list dead;
	struct peer_bucket by_port[BUCKETS], by_address[BUCKETS];
	size_t count;
	struct batch *batch; /* from the first datagram on */
};

struct relay_udp *relay_udp_new(void)
{
	struct relay_udp *udp = alloc_zeroed(1, sizeof *udp);

	TAILQ_INIT(&udp->by_age[0]);
	TAILQ_INIT(&udp->by_age[1]);
	TAILQ_INIT(&udp->dead);
	return udp;
}

static uint32_t mix(uint32_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 16777619U;
	return hash;
}

static uint32_t hash_of(const union relay_address *client)
{
	return client->any.sa_family == AF_INET ? mix(2166136261U, &client->four.sin_addr, sizeof client->four.sin_addr)
						: mix(2166136261U, &client->six.sin6_addr, sizeof client->six.sin6_addr);
}

static bool is_same_address(const union relay_address *a, const union relay_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->four.sin_addr.s_addr == b->four.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->six.sin6_addr, &b->six.sin6_addr) && a->six.sin6_scope_id == b->six.sin6_scope_id;
}

static struct peer_bucket *port_bucket(struct relay_udp *udp, const struct relay_listener *listener, const union relay_address *client)
{
	/* The port is at the same place in both kinds of address. */
	return &udp->by_port[mix(mix(hash_of(client), &client->four.sin_port, sizeof client->four.sin_port), &listener->fd,
				 sizeof listener->fd) % BUCKETS];
}

static void peer_end(struct relay *relay, struct relay_peer *peer)
{
	struct relay_udp *udp = relay->udp;

	peer->watch.kind = RELAY_DEAD;
	close(peer->fd);
	LIST_REMOVE(peer, same_port);
	LIST_REMOVE(peer, same_address);
	TAILQ_REMOVE(&udp->by_age[peer->is_answered], peer, age);
	TAILQ_INSERT_TAIL(&udp->dead, peer, age);
	udp->count--;
}

static void touch(struct relay_udp *udp, struct relay_peer *peer, bool is_answered)
{
	TAILQ_REMOVE(&udp->by_age[peer->is_answered], peer, age);
	peer->is_answered |= is_answered;
	peer->last_ms = clock_monotonic_ms();
	TAILQ_INSERT_TAIL(&udp->by_age[peer->is_answered], peer, age);
}

static struct relay_peer *find(struct relay_udp *udp, const struct relay_listener *listener, const union relay_address *client)
{
	struct relay_peer *peer;

	LIST_FOREACH(peer, port_bucket(udp, listener, client), same_port)
		if (peer->listener == listener && peer->client.four.sin_port == client->four.sin_port &&
		    is_same_address(&peer->client, client))
			break;
	return peer;
}

static void make_room(struct relay *relay, const union relay_address *client)
{
	struct relay_udp *udp = relay->udp;
	struct relay_peer *peer, *oldest = NULL;
	size_t count = 0;

	LIST_FOREACH(peer, &udp->by_address[hash_of(client) % BUCKETS], same_address) {
		if (!is_same_address(&peer->client, client))
			continue;
		count++;
		if (!oldest || peer->is_answered < oldest->is_answered ||
		    (peer->is_answered == oldest->is_answered && peer->last_ms < oldest->last_ms))
			oldest = peer;
	}
	if (count >= PEERS_OF_CLIENT)
		peer_end(relay, oldest);
	if (udp->count >= PEERS_MOST)
		peer_end(relay, TAILQ_FIRST(&udp->by_age[TAILQ_EMPTY(&udp->by_age[0])]));
}

static int connect_peer(struct relay *relay, struct relay_peer *peer)
{
	struct relay_service *service = peer->listener->service;
	bool keeps = relay_keeps_address(relay, &peer->client);
	int families[2];

	if (!service->count)
		return -1;
	peer->target = service->targets[service->next++ % service->count];
	relay_families(&peer->client, keeps, families);
	return relay_connect(relay, &peer->client, &peer->target, peer->listener->target,
			     families[relay_target_has(&peer->target, families[0]) ? 0 : 1], SOCK_DGRAM, keeps);
}

/* What the kernel said about a datagram's way here, as it wants it for the way back. */
static size_t turn_info(const union packet_info *from, size_t length, union packet_info *ret)
{
	struct in_pktinfo four;
	struct in6_pktinfo six;

	if (length < sizeof from->header)
		return 0;
	*ret = *from;
	if (from->header.cmsg_level == SOL_IP && from->header.cmsg_type == IP_PKTINFO) {
		memcpy(&four, CMSG_DATA(&from->header), sizeof four);
		four = (struct in_pktinfo){ .ipi_spec_dst = four.ipi_addr };
		memcpy(CMSG_DATA(&ret->header), &four, sizeof four);
		return CMSG_SPACE(sizeof four);
	}
	if (from->header.cmsg_level != SOL_IPV6 || from->header.cmsg_type != IPV6_PKTINFO)
		return 0;
	memcpy(&six, CMSG_DATA(&from->header), sizeof six);
	if (!IN6_IS_ADDR_LINKLOCAL(&six.ipi6_addr))
		six.ipi6_ifindex = 0;
	memcpy(CMSG_DATA(&ret->header), &six, sizeof six);
	return CMSG_SPACE(sizeof six);
}

static struct relay_peer *peer_new(struct relay *relay, struct relay_listener *listener, const union relay_address *client,
				   const struct msghdr *message)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct relay_udp *udp = relay->udp;
	struct relay_peer *peer = alloc_zeroed(1, sizeof *peer);

	make_room(relay, client);
	peer->watch.kind = RELAY_PEER;
	peer->listener = listener;
	peer->client = *client;
	peer->own_length = turn_info(message->msg_control, message->msg_controllen, &peer->own);
	peer->fd = connect_peer(relay, peer);
	event.data.ptr = &peer->watch;
	if (peer->fd < 0 || peer->fd >= relay->fd_most || epoll_ctl(relay->epoll, EPOLL_CTL_ADD, peer->fd, &event)) {
		if (peer->fd >= 0)
			close(peer->fd);
		free(peer);
		return NULL;
	}
	udp->count++;
	peer->last_ms = clock_monotonic_ms();
	LIST_INSERT_HEAD(port_bucket(udp, listener, client), peer, same_port);
	LIST_INSERT_HEAD(&udp->by_address[hash_of(client) % BUCKETS], peer, same_address);
	TAILQ_INSERT_TAIL(&udp->by_age[0], peer, age);
	return peer;
}

static struct batch *empty_batch(struct relay_udp *udp, bool has_addresses)
{
	struct batch *batch = udp->batch;

	if (!batch)
		batch = udp->batch = alloc_zeroed(1, sizeof *batch);
	for (size_t i = 0; i < BATCH; i++) {
		struct msghdr *header = &batch->messages[i].msg_hdr;

		batch->parts[i] = (struct iovec){ .iov_base = batch->bytes[i], .iov_len = DATAGRAM };
		*header = (struct msghdr){ .msg_iov = &batch->parts[i], .msg_iovlen = 1 };
		if (!has_addresses)
			continue;
		batch->addresses[i] = (union relay_address){ 0 };
		header->msg_name = &batch->addresses[i];
		header->msg_namelen = sizeof batch->addresses[i];
		header->msg_control = &batch->infos[i];
		header->msg_controllen = sizeof batch->infos[i];
	}
	return batch;
}

static void forward(struct relay *relay, struct relay_listener *listener, const struct batch *batch, size_t at)
{
	const union relay_address *client = &batch->addresses[at];
	struct relay_peer *peer = find(relay->udp, listener, client);

	if (!peer)
		peer = peer_new(relay, listener, client, &batch->messages[at].msg_hdr);
	if (!peer)
		return;
	touch(relay->udp, peer, /* is_answered= */ false);
	if (send(peer->fd, batch->bytes[at], batch->messages[at].msg_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS && errno != EMSGSIZE)
		peer_end(relay, peer); /* nobody listens there: the next datagram may find another target */
}

void relay_udp_client(struct relay *relay, struct relay_listener *listener)
{
	int got = BATCH;

	for (int turn = 0; turn < BATCHES && got == BATCH; turn++) {
		struct batch *batch = empty_batch(relay->udp, /* has_addresses= */ true);

		got = recvmmsg(listener->fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++)
			forward(relay, listener, batch, (size_t)i);
	}
}

void relay_udp_peer(struct relay *relay, struct relay_watch *watch)
{
	struct relay_peer *peer = (struct relay_peer *)(void *)watch;
	struct batch *batch = empty_batch(relay->udp, /* has_addresses= */ false);
	int got = recvmmsg(peer->fd, batch->messages, BATCH, MSG_DONTWAIT, NULL), put = 0;

	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			peer_end(relay, peer);
		return;
	}
	for (int i = 0; i < got; i++) {
		struct msghdr *header = &batch->messages[i].msg_hdr;

		batch->parts[i].iov_len = batch->messages[i].msg_len;
		header->msg_name = &peer->client;
		header->msg_namelen = peer->client.any.sa_family == AF_INET ? sizeof peer->client.four : sizeof peer->client.six;
		header->msg_control = peer->own_length ? &peer->own : NULL;
		header->msg_controllen = peer->own_length;
	}
	while (put < got) { /* one that the kernel does not take is dropped, as a full router would */
		int sent = sendmmsg(peer->listener->fd, batch->messages + put, (unsigned)(got - put), MSG_DONTWAIT | MSG_NOSIGNAL);

		put += sent > 0 ? sent : 1;
	}
	touch(relay->udp, peer, /* is_answered= */ true);
}

static bool is_target(const struct relay_service *service, const struct relay_target *target)
{
	for (size_t i = 0; i < service->count; i++)
		if (service->targets[i].four.s_addr == target->four.s_addr && IN6_ARE_ADDR_EQUAL(&service->targets[i].six, &target->six))
			return true;
	return false;
}

void relay_udp_drop(struct relay *relay, const struct relay_service *service, const struct relay_listener *listener)
{
	for (int i = 0; i < 2; i++) {
		struct relay_peer *peer, *next;

		for (peer = TAILQ_FIRST(&relay->udp->by_age[i]); peer; peer = next) {
			next = TAILQ_NEXT(peer, age);
			if (listener ? peer->listener == listener
				     : peer->listener->service == service && !is_target(service, &peer->target))
				peer_end(relay, peer);
		}
	}
}

static const int limits[2] = { SILENT_MS, SILENT_ANSWERED_MS };

void relay_udp_expire(struct relay *relay, int64_t now)
{
	for (int i = 0; i < 2; i++) {
		struct relay_peer *peer;

		while ((peer = TAILQ_FIRST(&relay->udp->by_age[i])) && now - peer->last_ms >= limits[i])
			peer_end(relay, peer);
	}
}

int64_t relay_udp_next_ms(const struct relay *relay)
{
	int64_t next = -1;

	for (int i = 0; i < 2; i++) {
		const struct relay_peer *peer = TAILQ_FIRST(&relay->udp->by_age[i]);

		if (peer && (next < 0 || peer->last_ms + limits[i] < next))
			next = peer->last_ms + limits[i];
	}
	return next;
}

void relay_udp_reap(struct relay *relay)
{
	struct relay_peer *peer;

	while ((peer = TAILQ_FIRST(&relay->udp->dead))) {
		TAILQ_REMOVE(&relay->udp->dead, peer, age);
		free(peer);
	}
}

void relay_udp_free(struct relay *relay)
{
	free(relay->udp->batch);
	free(relay->udp);
}
