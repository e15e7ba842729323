/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - the way out of a network of root's: a pair of devices between the router namespace ("up") and the host's (bxN).
 *
 * Pair N has the addresses 10.203.252.2N (host) and .2N+1 (router), and in IPv6 the last two of the network's prefix.
 */
#pragma once

#include <stdbool.h>
#include <net/if.h>
#include <netinet/in.h>

struct addresses;
struct error;
struct host;

struct uplink {
	char name[IF_NAMESIZE]; /* bxN; "": none */
	unsigned number;
};

/* Makes it, with addresses, routes, rules and forwarding. */
int uplink_begin(struct uplink *uplink, struct host *host, const struct addresses *a, struct error *e);

/* The router's ends of it, as texts; false where there is none. */
struct uplink_addresses {
	char ip4[INET_ADDRSTRLEN], ip6[INET6_ADDRSTRLEN];
};
bool uplink_print(const struct uplink *uplink, const struct addresses *a, struct uplink_addresses *ret);

/* Removes it; what the host had to be changed for it is put back with the last one. */
void uplink_end(struct uplink *uplink, struct host *host);
