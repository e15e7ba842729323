/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_connect.c - sockets of the router namespace towards a target, from the client's address where that can be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/network/relay/relay_parts.h"

/* All networks of a store have one prefix of its own: nobody outside has such an address, and the target may know it from another one. */
static bool is_of_store(const struct relay *relay, const struct in6_addr *six)
{
	enum { PREFIX = 48 / 8 };

	return memcmp(six, &relay->network.subnet.six, PREFIX) == 0;
}

bool relay_keeps_address(const struct relay *relay, const union relay_address *client)
{
	const struct in6_addr *six = &client->six.sin6_addr;
	uint32_t four = ntohl(client->four.sin_addr.s_addr);

	if (relay->network.is_internal)
		return false;
	if (client->any.sa_family == AF_INET) /* loopback, link-local and what is no address of a host: no route leads back there */
		return four >> 24 != IN_LOOPBACKNET && four >> 16 != 0xa9fe && four >> 24 != 0 && four >> 28 < 0xe &&
		       !subnet_has_four(&relay->network.subnet, client->four.sin_addr);
	return !IN6_IS_ADDR_LOOPBACK(six) && !IN6_IS_ADDR_LINKLOCAL(six) && !IN6_IS_ADDR_UNSPECIFIED(six) && !IN6_IS_ADDR_V4MAPPED(six) &&
	       !is_of_store(relay, six);
}

/* A client whose address is not kept is served over IPv4 first: that is what every program listens on. */
void relay_families(const union relay_address *client, bool keeps, int ret[static 2])
{
	ret[0] = keeps ? client->any.sa_family : AF_INET;
	ret[1] = ret[0] == AF_INET ? AF_INET6 : AF_INET;
}

bool relay_target_has(const struct relay_target *target, int family)
{
	return family == AF_INET ? target->four.s_addr != 0 : !IN6_IS_ADDR_UNSPECIFIED(&target->six);
}

static socklen_t length_of(const union relay_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof address->four : sizeof address->six;
}

static void fill(union relay_address *ret, int family, const struct in_addr *four, const struct in6_addr *six, in_port_t port)
{
	*ret = (union relay_address){ 0 };
	if (family == AF_INET)
		ret->four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = *four, .sin_port = htons(port) };
	else
		ret->six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = *six, .sin6_port = htons(port) };
}

/* The socket's own address. Its port, where it is 0, is chosen when it connects (IP_BIND_ADDRESS_NO_PORT): by then the kernel knows both
 * ends, and 28,000 connections per target are possible, not 28,000 in all. */
static int bind_to(int fd, const union relay_address *own, bool keeps)
{
	static const int yes = 1, mark = RELAY_MARK;
	bool is_four = own->any.sa_family == AF_INET;

	/* From the router's own address as well: the rules know the relay's sockets by both, and do not track what goes through them. */
	if ((setsockopt(fd, is_four ? SOL_IP : SOL_IPV6, is_four ? IP_TRANSPARENT : IPV6_TRANSPARENT, &yes, sizeof yes) ||
	     setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark)) && keeps)
		return -1;
	if (keeps && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes)) /* one client may have a port towards two of ours */
		return -1;
	(void)setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes); /* works without it */
	return bind(fd, &own->any, length_of(own));
}

static int connect_from(const union relay_address *own, const union relay_address *to, int type, bool keeps)
{
	static const int yes = 1;
	autoclose int fd = socket(to->any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind_to(fd, own, keeps))
		return -1;
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* what came in one piece goes on in one piece */
	if (connect(fd, &to->any, length_of(to)) && errno != EINPROGRESS)
		return -1;
	return take_fd(&fd);
}

int relay_connect(const struct relay *relay, const union relay_address *client, const struct relay_target *target, in_port_t port,
		  int family, int type, bool keeps)
{
	union relay_address to, own;
	int fd;

	fill(&to, family, &target->four, &target->six, port);
	if (!keeps || client->any.sa_family != family) {
		fill(&own, family, &relay->network.subnet.four, &relay->network.subnet.six, 0);
		return connect_from(&own, &to, type, false);
	}
	own = *client;
	fd = connect_from(&own, &to, type, true);
	if (fd >= 0 || (errno != EADDRNOTAVAIL && errno != EADDRINUSE))
		return fd;
	/* The client had a connection from this port to this target, by another published port or moments ago: from another port. */
	fill(&own, family, &client->four.sin_addr, &client->six.sin6_addr, 0);
	return connect_from(&own, &to, type, true);
}
