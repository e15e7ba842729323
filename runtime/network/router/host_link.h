/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_link.h - the way out of a network of root's: a pair of devices between the router namespace ("up") and the host's (bxN).
 *
 * Pair N has the addresses 10.203.252.2N (host) and .2N+1 (router), and in IPv6 the last two of the network's prefix. All of this is called
 * in the host's network namespace.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

struct error;
struct text;

struct host_link {
	char name[IF_NAMESIZE]; /* bxN; "": none */
	unsigned number, index; /* N, and the kernel's number of the device, which no other one gets later */
	struct in6_addr prefix6;
	bool has_ip6; /* where the host has it switched on */
};

/* Makes it, with its host's end up; prefix6 and has_ip6 are set before. The other end is in namespace. */
int host_link_make(struct host_link *link, int namespace, struct error *e);

/* For the words "began …": what the router's end is to have. */
void host_link_print(const struct host_link *link, struct text *to);

/* The router's end, as texts. */
struct host_link_addresses {
	char ip4[INET_ADDRSTRLEN], ip6[INET6_ADDRSTRLEN];
};
void host_link_addresses(const struct host_link *link, struct host_link_addresses *ret);

/* Waits until it has gone with the router's namespace, for a second; then it is removed. */
void host_link_remove(const struct host_link *link);
