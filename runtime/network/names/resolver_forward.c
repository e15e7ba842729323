/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_forward.c - questions that the host's name servers answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "runtime/network/names/resolver_parts.h"
#include "runtime/network/names/upstream.h"

_Static_assert(sizeof(struct upstream_header) == sizeof(uint64_t[2]), "the buffer in struct resolver has room for it");

static struct resolver_wait *free_place(struct resolver *resolver)
{
	for (size_t i = 0; i < RESOLVER_WAITING; i++)
		if (!resolver->waits[i].ticket)
			return &resolver->waits[i];
	return NULL;
}

static void give_back(struct resolver_wait *wait)
{
	wait->client.asker->waiting--;
	wait->ticket = 0;
}

static bool send_question(const struct resolver *resolver, const struct resolver_wait *wait, const uint8_t *query, size_t length)
{
	struct upstream_header header = { .ticket = wait->ticket, .is_tcp = wait->client.stream != 0 };
	struct iovec parts[] = { { &header, sizeof header }, { (void *)query, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(resolver->upstream.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
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
	memcpy(wait->query, query, question->end);
	client->asker->waiting++;
	if (send_question(resolver, wait, query, length))
		return;
	give_back(wait);
	resolver_reply_code(resolver, client, query, question, DNS_FAILED);
}

static void fail(struct resolver *resolver, struct resolver_wait *wait)
{
	give_back(wait);
	resolver_reply_code(resolver, &wait->client, wait->query, &wait->question, DNS_FAILED);
}

static void deliver(struct resolver *resolver, const struct upstream_header *header, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < RESOLVER_WAITING; i++) {
		struct resolver_wait *wait = &resolver->waits[i];

		if (!header->ticket || wait->ticket != header->ticket)
			continue;
		if (!dns_answers(bytes, length, wait->query, &wait->question)) /* the process that asks has checked that; it may be another's by now */
			return fail(resolver, wait);
		give_back(wait);
		return resolver_reply(resolver, &wait->client, &wait->question, bytes, length);
	}
}

void resolver_returned(struct resolver *resolver)
{
	const size_t head = sizeof(struct upstream_header);
	struct upstream_header header;
	ssize_t got;

	for (int i = 0; i < RESOLVER_QUESTIONS; i++) {
		got = recv(resolver->upstream.fd, resolver->message, sizeof resolver->message, MSG_DONTWAIT);
		if (got < 0)
			return;
		if (got == 0)
			break;
		if ((size_t)got < head)
			continue;
		memcpy(&header, resolver->message, head);
		deliver(resolver, &header, resolver->message + head, (size_t)got - head);
	}
	if (got)
		return;
	/* Both processes that ask are gone: from now on it is as if no server answered. */
	resolver_close(resolver, &resolver->upstream);
	resolver_forward_expire(resolver, INT64_MAX);
}

void resolver_forward_expire(struct resolver *resolver, int64_t now)
{
	for (size_t i = 0; i < RESOLVER_WAITING; i++)
		if (resolver->waits[i].ticket && now >= resolver->waits[i].until_ms)
			fail(resolver, &resolver->waits[i]);
}

void resolver_forward_forget(struct resolver *resolver, const struct asker *asker)
{
	for (size_t i = 0; i < RESOLVER_WAITING; i++)
		if (resolver->waits[i].ticket && resolver->waits[i].client.asker == asker)
			give_back(&resolver->waits[i]);
}

int64_t resolver_forward_next_ms(const struct resolver *resolver)
{
	int64_t next = -1;

	for (size_t i = 0; i < RESOLVER_WAITING; i++)
		if (resolver->waits[i].ticket && (next < 0 || resolver->waits[i].until_ms < next))
			next = resolver->waits[i].until_ms;
	return next;
}
