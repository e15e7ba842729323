/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet.h - addresses, routes and neighbours of a network device, of both families, by rtnetlink(7).
 *
 * All of them write over what is there. They return 0, or -1 with errno.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum { INET_MAC = 6 };

struct inet_prefix {
	int family; /* AF_INET, AF_INET6 */
	int bits;
	unsigned char bytes[sizeof(struct in6_addr)];
};

/* Of so many bits; -1: the address alone. */
struct inet_prefix inet_prefix4(struct in_addr address, int bits);
struct inet_prefix inet_prefix6(struct in6_addr address, int bits);

/* Gives the device an address. flags: IFA_F_*. */
int inet_add_address(int socket, unsigned device, const struct inet_prefix *own, uint32_t flags);

/* A route to what lies behind gateway (NULL: on the link itself); to NULL: everything. device 0: the one that leads to the gateway. */
int inet_add_route(int socket, unsigned device, int family, const struct inet_prefix *to, const struct inet_prefix *gateway);

/* Writes down the hardware address of a neighbour, for good. */
int inet_add_neighbour(int socket, unsigned device, const struct inet_prefix *neighbour, const unsigned char mac[static INET_MAC]);
