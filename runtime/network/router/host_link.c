/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_link.c - the way out of a network of root's.
 */
#include "runtime/network/router/host_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/inet.h"
#include "runtime/network/netlink.h"
#include "runtime/network/veth.h"
#include "runtime/network/words.h"

enum { GONE_TRIES = 200, GONE_STEP_US = 5000 };
enum { POOL = 0x0ACBFC00, POOL_BITS = 22, PAIRS = 512, IP4_BITS = 31, IP6_BITS = 127, MTU = 1500 };

static struct in_addr ip4_of(unsigned number, bool of_router)
{
	return (struct in_addr){ htonl(POOL + 2 * number + of_router) };
}

/* The last two of the prefix. */
static struct in6_addr ip6_of(const struct host_link *link, bool of_router)
{
	struct in6_addr address = link->prefix6;

	memset(address.s6_addr + 8, 0xff, 8);
	address.s6_addr[15] = (uint8_t)(0xfe + of_router);
	return address;
}

/* The host's routes into the pool, but those of other uplinks, which are of one pair each. */
struct foreign {
	bool is_taken[PAIRS];
};

static int add_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *to = netlink_find(message, sizeof *route, RTA_DST);
	struct foreign *foreign = data;
	uint32_t address;
	int shared;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_family != AF_INET || !route->rtm_dst_len || !to)
		return 0;
	memcpy(&address, RTA_DATA(to), sizeof address);
	address = ntohl(address);
	for (unsigned i = 0; i < PAIRS; i++) {
		shared = route->rtm_dst_len < IP4_BITS ? route->rtm_dst_len : IP4_BITS;
		foreign->is_taken[i] |= ((address ^ (POOL + 2 * i)) >> (32 - shared)) == 0;
	}
	return 0;
}

static int make_pair(int socket, const char *name, int namespace)
{
	struct netlink_request request;
	struct veth_peer peer;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof request.link);
	netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	peer = veth_begin_peer(&request, /* index= */ 0);
	netlink_add(&request, IFLA_IFNAME, NETWORK_UPLINK, strlen(NETWORK_UPLINK) + 1);
	veth_end_peer(&request, &peer, namespace);
	return netlink_ask(socket, &request);
}

/* The first free pair: whoever makes the device has it. */
static int take_pair(struct host_link *link, int socket, int namespace, struct error *e)
{
	struct foreign foreign = { 0 };
	struct netlink_request request;

	netlink_begin(&request, RTM_GETROUTE, 0, sizeof request.route);
	request.route.rtm_family = AF_INET;
	if (netlink_list(socket, &request, add_route, &foreign))
		return error_sys(e, "list the host's routes");
	for (unsigned i = 0; i < PAIRS; i++) {
		if (foreign.is_taken[i])
			continue;
		(void)snprintf(link->name, sizeof link->name, NETWORK_HOST_LINK "%u", i); /* it fits */
		link->number = i;
		if (make_pair(socket, link->name, namespace) == 0)
			return 0;
		link->name[0] = '\0';
		if (errno == EEXIST)
			continue;
		error_sys(e, "make the way out of a network");
		return veth_hint(e);
	}
	error_set(e, ERROR_EXISTS, "make the way out of a network: the host has routes to all of 10.203.252.0/22");
	return error_hint(e, "ip route tells which; an internal network needs none");
}

static bool is_one(const char *path)
{
	autorelease(text) struct text value = { 0 };
	struct error ignored = { 0 };

	return file_read(AT_FDCWD, path, 64, &value, &ignored) == 0 && value.length && value.data[0] == '1';
}

/* The host may have switched it off (disable_ipv6), for all devices or for new ones. */
static bool has_six(const struct host_link *link)
{
	autofree char *path = text_format("/proc/sys/net/ipv6/conf/%s/disable_ipv6", link->name);

	return link->has_ip6 && !is_one(path);
}

/* Whether the host leads IPv6 on, by itself or where it is told to. */
static bool forwards_six(const struct host_link *link)
{
	autofree char *path = text_format("/proc/sys/net/ipv6/conf/%s/force_forwarding", link->name);

	return has_six(link) && (access(path, F_OK) == 0 || is_one("/proc/sys/net/ipv6/conf/all/forwarding"));
}

static int set_up(int socket, struct host_link *link, struct error *e)
{
	const struct inet_prefix ip4 = inet_prefix4(ip4_of(link->number, /* of_router= */ false), IP4_BITS);
	const struct inet_prefix ip6 = inet_prefix6(ip6_of(link, /* of_router= */ false), IP6_BITS);

	link->index = if_nametoindex(link->name);
	if (!link->index)
		return error_sys(e, "find the device %s of a network", link->name);
	if (inet_add_address(socket, link->index, &ip4, IFA_F_NODAD) ||
	    (has_six(link) && inet_add_address(socket, link->index, &ip6, IFA_F_NODAD)))
		return error_sys(e, "give the way out of a network its address");
	return netlink_set_up(socket, link->index) ? error_sys(e, "bring the way out of a network up") : 0;
}

int host_link_make(struct host_link *link, int namespace, struct error *e)
{
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	return socket < 0 || take_pair(link, socket, namespace, e) || set_up(socket, link, e) ? -1 : 0;
}

void host_link_print(const struct host_link *link, struct text *to)
{
	const struct in_addr peer4 = ip4_of(link->number, /* of_router= */ false);
	const struct in6_addr peer6 = ip6_of(link, /* of_router= */ false);
	struct host_link_addresses own;
	char ip4[INET_ADDRSTRLEN], ip6[INET6_ADDRSTRLEN];

	host_link_addresses(link, &own);
	(void)inet_ntop(AF_INET, &peer4, ip4, sizeof ip4); /* both buffers are large enough */
	(void)inet_ntop(AF_INET6, &peer6, ip6, sizeof ip6);
	text_addf(to, "%d %s/%d %s", MTU, own.ip4, IP4_BITS, ip4);
	if (link->has_ip6)
		text_addf(to, " %s/%d %s", own.ip6, IP6_BITS, forwards_six(link) ? ip6 : "-");
	else
		text_add(to, " - -");
}

void host_link_addresses(const struct host_link *link, struct host_link_addresses *ret)
{
	const struct in6_addr ip6 = ip6_of(link, /* of_router= */ true);
	const struct in_addr ip4 = ip4_of(link->number, /* of_router= */ true);

	(void)inet_ntop(AF_INET, &ip4, ret->ip4, sizeof ret->ip4); /* both buffers are large enough */
	(void)inet_ntop(AF_INET6, &ip6, ret->ip6, sizeof ret->ip6);
}

static bool is_there(const struct host_link *link)
{
	char name[IF_NAMESIZE];

	return link->index && if_indextoname(link->index, name);
}

/* By its number: by now its name may be that of another network's. To remove it costs everybody some 20 ms of the lock of all devices; with
 * everything else of its namespace it costs nothing more. So it is removed here only where somebody holds that. */
void host_link_remove(const struct host_link *link)
{
	struct netlink_request request;
	struct error ignored = { 0 };
	autoclose int socket = -1;

	for (int i = 0; is_there(link) && i < GONE_TRIES; i++)
		usleep(GONE_STEP_US);
	socket = is_there(link) ? netlink_open(/* namespace= */ -1, &ignored) : -1;
	if (socket < 0)
		return;
	netlink_begin(&request, RTM_DELLINK, 0, sizeof request.link);
	request.link.ifi_index = (int)link->index;
	(void)netlink_ask(socket, &request); /* it goes with the router's namespace at the latest */
}
