/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.h - the name service of a network: what asks 127.0.0.11 in a member's namespace is answered here.
 *
 * The sockets were bound inside the member's network namespace, so only the member itself can ask, and the socket says who asks. Names of
 * the network are answered at once; so is every address of the network, with "no such name" where nobody has it. All else goes to the
 * host's name servers (upstream.h), and comes back as it is; without an upstream, in a network that is internal, it is refused
 * (CVE-2024-29018).
 *
 * A member of several networks asks the first of them. What a network does not know it asks the member's next one, by one end of a pair of
 * sockets; what that refuses, it asks its own upstream. So the names of all are answered, and the host's servers where one of them may.
 *
 * Nothing here waits: resolver_fd() is readable, or resolver_deadline_ms() over, when resolver_serve() has work.
 */
#pragma once

#include <netinet/in.h>

#include "runtime/network/subnet.h"

struct error;
struct resolver;

/* The subnet is for questions about who has an address. upstream (upstream.h), or -1, is the resolver's from now on. */
struct resolver *resolver_new(int upstream, const struct subnet *subnet, struct error *e);
void resolver_free(struct resolver *resolver);

int resolver_fd(const struct resolver *resolver);
void resolver_serve(struct resolver *resolver);
/* -1: never. */
int resolver_deadline_ms(const struct resolver *resolver);

/* What a member's questions come by, and go on by; -1: there is none. */
struct resolver_sockets {
	int udp, tcp; /* bound in its namespace */
	int before;   /* to its network before this one, which asks: SOCK_SEQPACKET, struct upstream_header before every message */
	int next;     /* to its network behind this one, which answers */
};
#define RESOLVER_NO_SOCKETS { .udp = -1, .tcp = -1, .before = -1, .next = -1 }

/* They are the resolver's from now on, also where this fails. */
int resolver_listen(struct resolver *resolver, const char *instance, const struct resolver_sockets *sockets, struct error *e);

/* Closes them. */
void resolver_forget(struct resolver *resolver, const char *instance);

/* Forgets all names, to be set anew. */
void resolver_clear(struct resolver *resolver);

/* A name, for everybody (asker NULL) or for one member; an address that is all zero is none. One that is there gets the new addresses. */
void resolver_set(struct resolver *resolver, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six);
