/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead.c - a port of the host that is led past the relay, known by the socket that holds it.
 */
#include "runtime/network/router/lead.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/network/router/host_link.h"
#include "runtime/network/words.h"

static bool option(int socket, int name, int *ret)
{
	socklen_t size = sizeof *ret;

	return getsockopt(socket, SOL_SOCKET, name, ret, &size) == 0;
}

/* A raw socket of UDP's number has a number in place of a port. */
static bool is_port(int socket, const struct lead *lead)
{
	int type;

	return (lead->family == AF_INET || lead->family == AF_INET6) && option(socket, SO_TYPE, &type) &&
	       ((type == SOCK_STREAM && lead->protocol == IPPROTO_TCP) || (type == SOCK_DGRAM && lead->protocol == IPPROTO_UDP));
}

/* Sockets of the router's own namespace are easily made by whoever has taken box-net over. */
static bool is_of_host(int socket)
{
	autoclose int namespace = ioctl(socket, SIOCGSKNS);
	struct stat its, own;

	return namespace >= 0 && fstat(namespace, &its) == 0 && stat("/proc/self/ns/net", &own) == 0 && its.st_dev == own.st_dev &&
	       its.st_ino == own.st_ino;
}

static bool is_loopback(const struct lead *lead)
{
	return lead->family == AF_INET ? lead->address.s6_addr[0] == 127
				       : IN6_IS_ADDR_LOOPBACK(&lead->address) || IN6_IS_ADDR_V4MAPPED(&lead->address);
}

bool lead_of_socket(int socket, struct lead *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} name = { 0 };
	socklen_t size = sizeof name;

	*ret = (struct lead){ 0 };
	if (!option(socket, SO_DOMAIN, &ret->family) || !option(socket, SO_PROTOCOL, &ret->protocol) ||
	    !is_port(socket, ret) || !is_of_host(socket) || getsockname(socket, &name.any, &size) || name.any.sa_family != ret->family)
		return false;
	ret->port = ntohs(ret->family == AF_INET ? name.four.sin_port : name.six.sin6_port);
	if (ret->family == AF_INET)
		memcpy(&ret->address, &name.four.sin_addr, sizeof name.four.sin_addr);
	else
		ret->address = name.six.sin6_addr;
	return ret->port && !is_loopback(ret);
}

static bool has_address(const struct lead *lead)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&lead->address);
}

/* What the set of one rule has of it. Protocols are numbers, as in rules.c. */
static void add_element(const struct lead *lead, bool is_first, struct text *to)
{
	char address[INET6_ADDRSTRLEN];

	text_add(to, is_first ? " { " : ", ");
	if (has_address(lead)) {
		(void)inet_ntop(lead->family, &lead->address, address, sizeof address); /* it fits */
		text_addf(to, "%s . ", address);
	}
	text_addf(to, "%d . %d", lead->protocol, lead->port);
}

/* What members of networks send goes to the socket, as the host's own does: rules keep networks apart. A socket can be bound to an address
 * that is not the host's (IP_FREEBIND): what the host only passes on is led nowhere. */
static void print_rule(const struct lead *leads, size_t count, int family, bool addressed, const struct host_link *link, struct text *to)
{
	const char *ip = family == AF_INET6 ? "ip6" : "ip";
	struct host_link_addresses uplink;
	bool is_first = true;

	host_link_addresses(link, &uplink);
	for (size_t i = 0; i < count; i++) {
		if (leads[i].family != family || has_address(&leads[i]) != addressed)
			continue;
		if (is_first)
			text_addf(to, "add rule inet box ports_%s iifname != \"" NETWORK_HOST_LINK "*\" fib daddr type local ", link->name);
		if (is_first && addressed)
			text_addf(to, "%s daddr . meta l4proto . th dport", ip);
		else if (is_first)
			text_addf(to, "meta nfproto %s meta l4proto . th dport", family == AF_INET6 ? "ipv6" : "ipv4");
		add_element(&leads[i], is_first, to);
		is_first = false;
	}
	if (!is_first)
		text_addf(to, " } dnat %s to %s\n", ip, family == AF_INET6 ? uplink.ip6 : uplink.ip4);
}

void leads_print(const struct lead *leads, size_t count, const struct host_link *link, struct text *to)
{
	for (int addressed = 1; addressed >= 0; addressed--) {
		print_rule(leads, count, AF_INET, addressed, link, to);
		print_rule(leads, count, AF_INET6, addressed, link, to);
	}
}
