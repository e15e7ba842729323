/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver_parts.h - what the files of the name service share; nobody else includes it.
 *
 *     resolver_askers.c    members, events, questions by UDP
 *     resolver_answer.c    what is answered at once
 *     resolver_forward.c   what goes to other networks and to the host's name servers, and comes back
 *     resolver_stream.c    questions by TCP
 *
 * As in the relay (relay_parts.h), what epoll reports is a struct resolver_watch, and what ended is freed behind the last event.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "runtime/network/names/dns.h"
#include "runtime/network/names/names.h"
#include "runtime/network/names/resolver.h"

enum {
	RESOLVER_WAITING = 512,      /* questions that the host's servers have not answered, as upstream.h */
	RESOLVER_OF_ASKER = 128,     /* of one member */
	RESOLVER_WAIT_MS = 15000,    /* for the process that asks: it answers sooner, unless it was killed */
	RESOLVER_STREAMS = 16,       /* connections of one member */
	RESOLVER_STREAM_MS = 10000,  /* until a silent one is closed */
	RESOLVER_QUESTIONS = 64,     /* read from one socket before others have their turn */
	RESOLVER_TTL = 10,           /* seconds */
};

enum resolver_kind { RESOLVER_DEAD, RESOLVER_UDP, RESOLVER_TCP, RESOLVER_BEFORE, RESOLVER_STREAM, RESOLVER_NEXT, RESOLVER_UPSTREAM };

struct resolver_watch {
	enum resolver_kind kind;
	struct asker *asker;
	int fd;
};

/* A question by TCP. */
struct stream {
	struct resolver_watch watch;
	LIST_ENTRY(stream) links;
	uint64_t id; /* of no other one: an answer may come when it is gone */
	int64_t until_ms;
	bool is_waiting; /* for an answer; no further question is read meanwhile */
	size_t have;
	uint8_t in[2 + DNS_QUERY];
	uint8_t *out;
	size_t out_at, out_end;
};

LIST_HEAD(streams, stream);

/* A member. */
struct asker {
	LIST_ENTRY(asker) links;
	char *instance;
	struct resolver_watch udp, tcp, before, next;
	struct streams streams;
	size_t stream_count, waiting;
};

LIST_HEAD(askers, asker);

/* Where an answer goes. */
struct resolver_client {
	struct asker *asker;
	enum resolver_kind kind;    /* RESOLVER_UDP, RESOLVER_STREAM, RESOLVER_BEFORE */
	bool is_tcp;                /* an answer of any length can be taken */
	uint64_t id;                /* the stream's; the ticket of the network before */
	struct sockaddr_in address; /* by UDP */
};

struct resolver_wait {
	uint64_t ticket; /* 0: this place is free */
	struct resolver_client client;
	struct dns_question question;
	bool is_next; /* the member's next network has it, not the upstream */
	uint8_t *query;
	size_t length;
	int64_t until_ms;
};

struct resolver {
	int epoll;
	struct subnet subnet;
	struct resolver_watch upstream;
	struct names names;
	struct askers askers, dead;
	struct streams dead_streams;
	struct resolver_wait waits[RESOLVER_WAITING];
	size_t wait_end; /* behind the last of them that was ever in use: memory that nobody asks for is not looked at */
	uint64_t next_ticket, next_stream;
	uint8_t message[sizeof(uint64_t[2]) + DNS_MESSAGE];
};

/* What the network itself has to say: true, with the answer in ret; false: the host's servers are to be asked. */
bool resolver_own(const struct resolver *resolver, const char *asker, const struct dns_question *question, struct dns_answer *ret);

/* A query of a member: answered, forwarded, or dropped where it is none. */
void resolver_ask(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query, size_t length);
/* Sends an answer, cut where it does not fit. It is changed. */
void resolver_reply(struct resolver *resolver, const struct resolver_client *client, const struct dns_question *question, uint8_t *bytes,
		    size_t length);
void resolver_reply_code(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query,
			 const struct dns_question *question, enum dns_code code);

/* A message with its header (upstream.h), to another network or to who asks the host's servers; false: it was not taken. fd may be -1. */
bool resolver_send(int fd, uint64_t ticket, bool is_tcp, const uint8_t *bytes, size_t length);

/* To the member's next network, or to the host's servers; what came back by one of them. */
void resolver_forward(struct resolver *resolver, const struct resolver_client *client, const uint8_t *query, size_t length,
		      const struct dns_question *question);
void resolver_returned(struct resolver *resolver, struct resolver_watch *from);
void resolver_forward_expire(struct resolver *resolver, int64_t now);
void resolver_forward_forget(struct resolver *resolver, const struct asker *asker);
int64_t resolver_forward_next_ms(const struct resolver *resolver);

void resolver_stream_accept(struct resolver *resolver, struct asker *asker);
void resolver_stream_event(struct resolver *resolver, struct stream *stream);
void resolver_stream_reply(struct resolver *resolver, const struct resolver_client *client, const uint8_t *bytes, size_t length);
void resolver_stream_expire(struct resolver *resolver, int64_t now);
void resolver_stream_end(struct resolver *resolver, struct stream *stream);
int64_t resolver_stream_next_ms(const struct resolver *resolver);

/* Waits for it no more, and closes it. */
void resolver_close(const struct resolver *resolver, struct resolver_watch *watch);
int resolver_watch(const struct resolver *resolver, struct resolver_watch *watch, uint32_t events, int how);
