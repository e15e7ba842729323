/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subnet.c - the addresses of a network.
 */
#include "runtime/network/subnet.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

bool subnet_has_four(const struct subnet *subnet, struct in_addr address)
{
	uint32_t mask = subnet->four_bits ? htonl(UINT32_MAX << (32 - subnet->four_bits)) : 0;

	return ((address.s_addr ^ subnet->four.s_addr) & mask) == 0;
}

bool subnet_has_six(const struct subnet *subnet, const struct in6_addr *address)
{
	size_t whole = (size_t)subnet->six_bits / 8;
	unsigned left = (unsigned)subnet->six_bits % 8;

	if (IN6_IS_ADDR_UNSPECIFIED(&subnet->six) || memcmp(&subnet->six, address, whole) != 0)
		return false;
	return !left || (subnet->six.s6_addr[whole] ^ address->s6_addr[whole]) >> (8 - left) == 0;
}
