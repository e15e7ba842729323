/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet.c - addresses, routes and neighbours of a network device.
 */
#include "runtime/network/inet.h"

#include <string.h>
#include <sys/socket.h>

#include "runtime/network/netlink.h"

static size_t length_of(const struct inet_prefix *prefix)
{
	return prefix->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

struct inet_prefix inet_prefix4(struct in_addr address, int bits)
{
	struct inet_prefix prefix = { .family = AF_INET, .bits = bits < 0 ? 32 : bits };

	memcpy(prefix.bytes, &address, sizeof address);
	return prefix;
}

struct inet_prefix inet_prefix6(struct in6_addr address, int bits)
{
	struct inet_prefix prefix = { .family = AF_INET6, .bits = bits < 0 ? 128 : bits };

	memcpy(prefix.bytes, &address, sizeof address);
	return prefix;
}

int inet_add_address(int socket, unsigned device, const struct inet_prefix *own, uint32_t flags)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.address);
	request.address = (struct ifaddrmsg){ .ifa_family = (uint8_t)own->family, .ifa_prefixlen = (uint8_t)own->bits, .ifa_index = device };
	netlink_add(&request, IFA_LOCAL, own->bytes, length_of(own));
	netlink_add(&request, IFA_ADDRESS, own->bytes, length_of(own));
	netlink_add(&request, IFA_FLAGS, &flags, sizeof flags);
	return netlink_ask(socket, &request);
}

int inet_add_route(int socket, unsigned device, int family, const struct inet_prefix *to, const struct inet_prefix *gateway)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.route);
	request.route = (struct rtmsg){ .rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)(to ? to->bits : 0),
					.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
					.rtm_scope = gateway || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
					.rtm_type = RTN_UNICAST };
	if (to)
		netlink_add(&request, RTA_DST, to->bytes, length_of(to));
	if (gateway)
		netlink_add(&request, RTA_GATEWAY, gateway->bytes, length_of(gateway));
	if (device)
		netlink_add(&request, RTA_OIF, &device, sizeof device);
	return netlink_ask(socket, &request);
}

int inet_add_neighbour(int socket, unsigned device, const struct inet_prefix *neighbour, const unsigned char mac[static INET_MAC])
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.neighbour);
	request.neighbour = (struct ndmsg){ .ndm_family = (uint8_t)neighbour->family, .ndm_ifindex = (int)device, .ndm_state = NUD_PERMANENT };
	netlink_add(&request, NDA_DST, neighbour->bytes, length_of(neighbour));
	netlink_add(&request, NDA_LLADDR, mac, INET_MAC);
	return netlink_ask(socket, &request);
}
