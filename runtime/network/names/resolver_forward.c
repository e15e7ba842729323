/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_forward.c - questions that other networks, or the host's name servers, answer.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "runtime/network/names/resolver_parts.h"
#include "runtime/network/names/upstream.h"

_Static_assert(sizeof(struct upstream_header) == sizeof(uint64_t[2]), "the buffer in struct resolver has room for it");

static struct resolver_wait *free_place(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->wait_end; i++)
		if (!resolver->waits[i].ticket)
			return &resolver->waits[i];
	return resolver->wait_end < RESOLVER_WAITING ? &resolver->waits[resolver->wait_end++] : NULL;
}

static void give_back(struct resolver_wait *wait)
{
	wait->client.asker->waiting--;
	wait->ticket = 0;
	free(wait->query);
	wait->query = NULL;
}

bool resolver_send(int fd, uint64_t ticket, bool is_tcp, const uint8_t *bytes, size_t length)
{
	struct upstream_header header = { .ticket = ticket, .is_tcp = is_tcp };
	struct iovec parts[] = { { &header, sizeof header }, { (void *)bytes, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return fd >= 0 && sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static bool send_question(const struct resolver *resolver, const struct resolver_wait *wait)
{
	int fd = wait->is_next ? wait->client.asker->next.fd : resolver->upstream.fd;

	return resolver_send(fd, wait->ticket, wait->client.is_tcp, wait->query, wait->length);
}

static void fail(struct resolver *resolver, struct resolver_wait *wait, enum dns_code code)
{
	resolver_reply_code(resolver, &wait->client, wait->query, &wait->question, code);
	give_back(wait);
}

/* The next network has nothing to say to it. */
static void pass_on(struct resolver *resolver, struct resolver_wait *wait)
{
	wait->is_next = false;
	if (resolver->upstream.fd < 0)
		return fail(resolver, wait, DNS_REFUSED);
	wait->until_ms = clock_monotonic_ms() + RESOLVER_WAIT_MS;
	if (!send_question(resolver, wait))
		fail(resolver, wait, DNS_FAILED);
}

void resolver_forward(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query, size_t length,
		      const struct dns_question *question)
{
	struct resolver_wait *wait = client->asker->waiting < RESOLVER_OF_ASKER ? free_place(resolver) : NULL;

	if (!wait)
		return resolver_reply_code(resolver, client, query, question, DNS_FAILED);
	wait->ticket = ++resolver->next_ticket;
	wait->client = *client;
	wait->question = *question;
	wait->until_ms = clock_monotonic_ms() + RESOLVER_WAIT_MS;
	wait->query = alloc_zeroed(1, length);
	wait->length = length;
	memcpy(wait->query, query, length);
	client->asker->waiting++;
	wait->is_next = client->asker->next.fd >= 0;
	if (!wait->is_next || !send_question(resolver, wait))
		pass_on(resolver, wait);
}

static bool is_from(const struct resolver_wait *wait, const struct resolver_watch *from)
{
	return wait->ticket && (from->asker ? wait->is_next && wait->client.asker == from->asker : !wait->is_next);
}

static void deliver(struct resolver *resolver, const struct resolver_watch *from, uint64_t ticket, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < resolver->wait_end; i++) {
		struct resolver_wait *wait = &resolver->waits[i];

		if (wait->ticket != ticket || !is_from(wait, from))
			continue;
		if (!dns_answers(bytes, length, wait->query, &wait->question)) /* who answers has checked that; it may be another's by now */
			return fail(resolver, wait, DNS_FAILED);
		if (wait->is_next && (dns_number(bytes + 2) & DNS_CODE) == DNS_REFUSED)
			return pass_on(resolver, wait);
		resolver_reply(resolver, &wait->client, &wait->question, bytes, length);
		return give_back(wait);
	}
}

/* Nobody answers there any more: its questions go elsewhere, or from now on it is as if no server answered. */
static void lose(struct resolver *resolver, struct resolver_watch *from)
{
	for (size_t i = 0; i < resolver->wait_end; i++) {
		struct resolver_wait *wait = &resolver->waits[i];

		if (!is_from(wait, from))
			continue;
		if (wait->is_next)
			pass_on(resolver, wait);
		else
			fail(resolver, wait, DNS_FAILED);
	}
	resolver_close(resolver, from);
}

void resolver_returned(struct resolver *resolver, struct resolver_watch *from)
{
	const size_t head = sizeof(struct upstream_header);
	struct upstream_header header;

	for (int i = 0; i < RESOLVER_QUESTIONS; i++) {
		ssize_t got = recv(from->fd, resolver->message, sizeof resolver->message, MSG_DONTWAIT);

		if (got == 0)
			return lose(resolver, from);
		if (got < 0)
			return;
		if ((size_t)got < head)
			continue;
		memcpy(&header, resolver->message, head);
		deliver(resolver, from, header.ticket, resolver->message + head, (size_t)got - head);
	}
}

void resolver_forward_expire(struct resolver *resolver, int64_t now)
{
	for (size_t i = 0; i < resolver->wait_end; i++)
		if (resolver->waits[i].ticket && now >= resolver->waits[i].until_ms)
			fail(resolver, &resolver->waits[i], DNS_FAILED);
}

void resolver_forward_forget(struct resolver *resolver, const struct asker *asker)
{
	for (size_t i = 0; i < resolver->wait_end; i++)
		if (resolver->waits[i].ticket && resolver->waits[i].client.asker == asker)
			give_back(&resolver->waits[i]);
}

int64_t resolver_forward_next_ms(const struct resolver *resolver)
{
	int64_t next = -1;

	for (size_t i = 0; i < resolver->wait_end; i++)
		if (resolver->waits[i].ticket && (next < 0 || resolver->waits[i].until_ms < next))
			next = resolver->waits[i].until_ms;
	return next;
}
