/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.c - the links of the router namespace.
 */
#include "runtime/network/router/links.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/inet.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/words.h"

/* MTU_ROOTLESS: pasta's device, the way out of an ordinary user's network, takes whole packets of 64 KiB and cuts none. */
enum { LINK_BASE = 1000, MARK = 1, TABLE = 100, MAC = INET_MAC, MTU = 1500, MTU_ROOTLESS = 65520, MAC_TEXT = 18 };

/* Locally administered; the index tells them apart within the network. */
static void fill_mac(unsigned index, bool of_member, unsigned char ret[static MAC])
{
	const unsigned char mac[MAC] = { 0x02, 0xb0, 0x78, of_member, (unsigned char)(index >> 8), (unsigned char)index };

	memcpy(ret, mac, MAC);
}

static void print_mac(unsigned index, bool of_member, char ret[static MAC_TEXT])
{
	unsigned char mac[MAC];

	fill_mac(index, of_member, mac);
	(void)snprintf(ret, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]); /* it fits */
}

static int put(const char *path, const char *value, struct error *e)
{
	/* A kernel without IPv6 has no such settings. */
	if (file_poke(AT_FDCWD, path, value) && errno != ENOENT)
		return error_sys(e, "write %s to %s of a network", value, path);
	return 0;
}

/* Spoofing is refused by the rules for both families; nothing is learned from what members say. */
static int write_settings(struct error *e)
{
	static const char *const settings[][2] = {
		{ "/proc/sys/net/ipv4/ip_forward", "1" },
		{ "/proc/sys/net/ipv4/conf/all/send_redirects", "0" },
		{ "/proc/sys/net/ipv4/conf/default/send_redirects", "0" },
		{ "/proc/sys/net/ipv4/conf/all/accept_redirects", "0" },
		{ "/proc/sys/net/ipv4/conf/default/accept_redirects", "0" },
		{ "/proc/sys/net/ipv4/conf/all/accept_source_route", "0" },
		{ "/proc/sys/net/ipv4/conf/all/rp_filter", "0" },
		{ "/proc/sys/net/ipv4/conf/default/rp_filter", "0" },
		/* The relay ends most connections first, and has one address for many clients. */
		{ "/proc/sys/net/ipv4/tcp_tw_reuse", "1" },
		{ "/proc/sys/net/ipv4/ip_local_port_range", "1024 65535" },
		{ "/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1" },
		{ "/proc/sys/net/ipv6/conf/default/accept_ra", "0" },
		{ "/proc/sys/net/ipv6/conf/default/accept_redirects", "0" },
		{ "/proc/sys/net/ipv6/conf/all/accept_redirects", "0" },
		{ "/proc/sys/net/ipv6/conf/all/forwarding", "1" },
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (put(settings[i][0], settings[i][1], e))
			return -1;
	return 0;
}

static int add_address(int socket, unsigned device, const struct inet_prefix *own, struct error *e)
{
	return inet_add_address(socket, device, own, IFA_F_NODAD | IFA_F_NOPREFIXROUTE) ? error_sys(e, "give the router of a network its address")
											: 0;
}

static int set_link_up(int socket, unsigned device, struct error *e)
{
	return netlink_set_up(socket, device) ? error_sys(e, "bring a link of a network up") : 0;
}

/* What comes for a transparent socket has a foreign address: packets with the mark are for this host all the same. */
static int add_way_back(int socket, int family, unsigned loopback, struct error *e)
{
	const uint32_t mark = MARK, table = TABLE, device = loopback;
	struct netlink_request request;

	/* A rule's header is a route's, whose type is the rule's action (linux/fib_rules.h). */
	netlink_begin(&request, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof request.route);
	request.route = (struct rtmsg){ .rtm_family = (uint8_t)family, .rtm_table = TABLE, .rtm_type = FR_ACT_TO_TBL };
	netlink_add(&request, FRA_FWMARK, &mark, sizeof mark);
	netlink_add(&request, FRA_TABLE, &table, sizeof table);
	if (netlink_ask(socket, &request) && errno != EEXIST)
		return error_sys(e, "add the routing rule of a network");
	netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.route);
	request.route = (struct rtmsg){ .rtm_family = (uint8_t)family, .rtm_table = TABLE, .rtm_protocol = RTPROT_STATIC,
					.rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL };
	netlink_add(&request, RTA_OIF, &device, sizeof device);
	return netlink_ask(socket, &request) ? error_sys(e, "add the local route of a network") : 0;
}

int links_begin(const struct addresses *a, struct error *e)
{
	const struct inet_prefix ip4 = inet_prefix4(addresses_ip4(a, ADDRESS_ROUTER), /* bits= */ -1);
	const struct inet_prefix ip6 = inet_prefix6(addresses_ip6(a, ADDRESS_ROUTER), /* bits= */ -1);
	unsigned loopback = if_nametoindex("lo");
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0 || write_settings(e) || set_link_up(socket, loopback, e) ||
	    add_address(socket, loopback, &ip4, e) || add_way_back(socket, AF_INET, loopback, e))
		return -1;
	if (!a->has_ip6)
		return 0;
	return add_address(socket, loopback, &ip6, e) || add_way_back(socket, AF_INET6, loopback, e) ? -1 : 0;
}

void links_print(unsigned index, bool is_rootless, struct text *to)
{
	char own[MAC_TEXT], theirs[MAC_TEXT];

	print_mac(index, /* of_member= */ false, own);
	print_mac(index, /* of_member= */ true, theirs);
	text_addf(to, "\nlink " NETWORK_LINK " %u %s %s %d", index, LINK_BASE + index, own, theirs, is_rootless ? MTU_ROOTLESS : MTU);
}

static int add_member(int socket, unsigned device, const struct inet_prefix *member, const unsigned char *mac, struct error *e)
{
	if (inet_add_route(socket, device, member->family, member, /* gateway= */ NULL))
		return error_sys(e, "add the route to a member of the network");
	if (inet_add_neighbour(socket, device, member, mac))
		return error_sys(e, "write down the hardware address of a member of the network");
	return 0;
}

int links_set_up(const struct addresses *a, unsigned index, struct error *e)
{
	const struct inet_prefix ip4 = inet_prefix4(addresses_ip4(a, index), /* bits= */ -1);
	const struct inet_prefix ip6 = inet_prefix6(addresses_ip6(a, index), /* bits= */ -1);
	unsigned char mac[MAC];
	char name[IF_NAMESIZE];
	unsigned device;
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0)
		return -1;
	fill_mac(index, /* of_member= */ true, mac);
	(void)snprintf(name, sizeof name, NETWORK_LINK, index); /* it fits */
	device = if_nametoindex(name);
	if (!device)
		return error_sys(e, "find the link %s of the network", name);
	if (set_link_up(socket, device, e) || add_member(socket, device, &ip4, mac, e))
		return -1;
	return a->has_ip6 ? add_member(socket, device, &ip6, mac, e) : 0;
}

void links_remove(unsigned index)
{
	struct netlink_request request;
	struct error ignored = { 0 };
	char name[IF_NAMESIZE];
	autoclose int socket = netlink_open(/* namespace= */ -1, &ignored);

	(void)snprintf(name, sizeof name, NETWORK_LINK, index); /* it fits */
	netlink_begin(&request, RTM_DELLINK, 0, sizeof request.link);
	netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	if (socket >= 0)
		(void)netlink_ask(socket, &request); /* it goes with the namespace of its member, too */
}
