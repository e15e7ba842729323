/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h - published ports: from the host's sockets to the live instances of a service.
 *
 *     client ---- the host's socket | relay | socket of the router namespace ---- instance
 *
 * The sockets that listen are made elsewhere, in the host's namespace, and given to the relay, which lives in the router namespace. It
 * connects from there to an instance's own address, never to the service's, so no address is translated. The instance sees the client's
 * address and port (IP_TRANSPARENT; rules.c sees to it that the replies come back). It sees the router's address in their place where the
 * client is on the host's loopback, has a link-local address, has an address of the network itself, or where the network is internal and
 * its members have no route to the client; and where a client's family is none that the instance has or listens on.
 *
 * TCP: connections go to the targets in turn. One that a target refuses goes to the next, as long as no byte was sent. Bytes are moved by
 * splice(2) where there are many, and no more is read than the other side takes. An end of file goes over as one, a reset as a reset.
 * UDP: a client's datagrams go to one target until it has been silent for a while.
 *
 * Nothing here waits: relay_fd() is readable, or relay_deadline_ms() over, when relay_serve() has work.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/network/subnet.h"

struct error;
struct relay;

struct relay_network {
	struct subnet subnet;
	bool is_internal;
};

/* An instance; an address that is all zero is one that it does not have. */
struct relay_target {
	struct in_addr four;
	struct in6_addr six;
};

struct relay_port {
	const char *service;
	int protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	in_port_t target; /* port of the instances, host order */
};

/* Ignores SIGPIPE in this process: splice(2) knows no MSG_NOSIGNAL. NULL on failure. */
struct relay *relay_new(const struct relay_network *network, struct error *e);
void relay_free(struct relay *relay);

int relay_fd(const struct relay *relay);
void relay_serve(struct relay *relay);
/* Until relay_serve has to be called although relay_fd() is not readable; -1: never. */
int relay_deadline_ms(const struct relay *relay);

/* Serves a socket, which is bound and, for TCP, listens. It is the relay's from now on, also where this fails. */
int relay_open(struct relay *relay, const struct relay_port *port, int socket, struct error *e);

/* The same socket leads to another port of the instances from now on. Connections that are there stay. */
void relay_lead(struct relay *relay, int socket, in_port_t target);

/* Closes one socket; connections that were accepted from it go on. */
void relay_shut(struct relay *relay, int socket);

/* Closes all sockets of a service. Connections that an instance has taken go on. */
void relay_close(struct relay *relay, const char *service);

/* The live instances of a service, from now on. Connections that an instance has taken go on, also where it is none of these any more.
 * hold_ms: there will be one that listens soon, so a connection that nobody takes waits, for so long from now on, and is reset then;
 * 0: it is reset at once, or, where there are instances and all refuse it, a tenth of a second later. */
void relay_targets(struct relay *relay, const char *service, const struct relay_target *targets, size_t count, int64_t hold_ms);

/* How many TCP connections go to an instance. */
size_t relay_flows(const struct relay *relay, struct in_addr four);
