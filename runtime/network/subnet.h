/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subnet.h - the addresses of a network: one of them with the lengths of the prefixes.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/* The router's own addresses; six is all zero where the network has no IPv6. */
struct subnet {
	struct in_addr four;
	int four_bits;
	struct in6_addr six;
	int six_bits;
};

bool subnet_has_four(const struct subnet *subnet, struct in_addr address);
bool subnet_has_six(const struct subnet *subnet, const struct in6_addr *address);
