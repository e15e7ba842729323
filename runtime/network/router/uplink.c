/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.c - the way out of a network of root's.
 */
#include "runtime/network/router/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <linux/veth.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/inet.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/router/host.h"
#include "runtime/network/words.h"

enum { POOL = 0x0ACBFC00, POOL_BITS = 22, PAIRS = 512, IP4_BITS = 31, IP6_BITS = 127 };

static struct in_addr ip4_of(unsigned number, bool of_router)
{
	return (struct in_addr){ htonl(POOL + 2 * number + of_router) };
}

/* The last two of the prefix. */
static struct in6_addr ip6_of(const struct addresses *a, bool of_router)
{
	struct in6_addr address = a->prefix6;

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
	const struct ifinfomsg peer = { 0 };
	struct netlink_request request;
	size_t info, data, nest;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof request.link);
	netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	info = netlink_nest(&request, IFLA_LINKINFO);
	netlink_add(&request, IFLA_INFO_KIND, "veth", strlen("veth"));
	data = netlink_nest(&request, IFLA_INFO_DATA);
	nest = netlink_nest(&request, VETH_INFO_PEER);
	netlink_add_struct(&request, &peer, sizeof peer);
	netlink_add(&request, IFLA_IFNAME, NETWORK_UPLINK, strlen(NETWORK_UPLINK) + 1);
	netlink_add(&request, IFLA_NET_NS_FD, &namespace, sizeof namespace);
	netlink_end(&request, nest);
	netlink_end(&request, data);
	netlink_end(&request, info);
	return netlink_ask(socket, &request);
}

/* The first free pair: whoever makes the device has it. */
static int take_pair(struct uplink *uplink, int socket, int namespace, struct error *e)
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
		(void)snprintf(uplink->name, sizeof uplink->name, NETWORK_HOST_LINK "%u", i); /* it fits */
		uplink->number = i;
		if (make_pair(socket, uplink->name, namespace) == 0)
			return 0;
		uplink->name[0] = '\0';
		if (errno == EEXIST)
			continue;
		error_sys(e, "make the way out of a network");
		return e->sys == EOPNOTSUPP ? error_hint(e, "this kernel has no veth devices: modprobe veth") : -1;
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
static bool has_six(const struct addresses *a, const char *device)
{
	autofree char *path = text_format("/proc/sys/net/ipv6/conf/%s/disable_ipv6", device);

	return a->has_ip6 && !is_one(path);
}

/* One end: its addresses, up. Called where it is. */
static int set_up(int socket, const char *name, const struct uplink *uplink, const struct addresses *a, bool of_router, struct error *e)
{
	const struct inet_prefix ip4 = inet_prefix4(ip4_of(uplink->number, of_router), IP4_BITS);
	const struct inet_prefix ip6 = inet_prefix6(ip6_of(a, of_router), IP6_BITS);
	unsigned device = if_nametoindex(name);

	if (!device)
		return error_sys(e, "find the device %s of a network", name);
	if (inet_add_address(socket, device, &ip4, IFA_F_NODAD) || (has_six(a, name) && inet_add_address(socket, device, &ip6, IFA_F_NODAD)))
		return error_sys(e, "give the way out of a network its address");
	return netlink_set_up(socket, device) ? error_sys(e, "bring the way out of a network up") : 0;
}

/* In the host's namespace. *ret_ip6: IPv6 goes out, too. */
static int begin_outside(struct uplink *uplink, const struct host *host, const struct addresses *a, bool *ret_ip6, struct error *e)
{
	autofree char *ip6 = NULL;
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0 || take_pair(uplink, socket, host->own, e) || set_up(socket, uplink->name, uplink, a, /* of_router= */ false, e))
		return -1;
	ip6 = text_format("/proc/sys/net/ipv6/conf/%s/force_forwarding", uplink->name);
	*ret_ip6 = has_six(a, uplink->name) && (access(ip6, F_OK) == 0 || is_one("/proc/sys/net/ipv6/conf/all/forwarding"));
	return 0;
}

static int begin_inside(const struct uplink *uplink, const struct addresses *a, bool has_ip6, struct error *e)
{
	const struct inet_prefix ip4 = inet_prefix4(ip4_of(uplink->number, /* of_router= */ false), /* bits= */ -1);
	const struct inet_prefix ip6 = inet_prefix6(ip6_of(a, /* of_router= */ false), /* bits= */ -1);
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0 || set_up(socket, NETWORK_UPLINK, uplink, a, /* of_router= */ true, e))
		return -1;
	if (inet_add_route(socket, /* device= */ 0, AF_INET, /* to= */ NULL, &ip4) ||
	    (has_ip6 && inet_add_route(socket, /* device= */ 0, AF_INET6, /* to= */ NULL, &ip6)))
		return error_sys(e, "add the default route of a network");
	return 0;
}

int uplink_begin(struct uplink *uplink, struct host *host, const struct addresses *a, struct error *e)
{
	bool has_ip6 = false;
	int result;

	if (host_enter(host, e))
		return -1;
	result = begin_outside(uplink, host, a, &has_ip6, e);
	host_return(host);
	if (result || host_begin(host, uplink->name, e))
		return -1;
	return begin_inside(uplink, a, has_ip6, e);
}

bool uplink_print(const struct uplink *uplink, const struct addresses *a, struct uplink_addresses *ret)
{
	const struct in6_addr ip6 = ip6_of(a, /* of_router= */ true);
	struct in_addr ip4;
	unsigned number;

	if (sscanf(uplink->name, NETWORK_HOST_LINK "%u", &number) != 1) /* a spare knows its name alone */
		return false;
	ip4 = ip4_of(number, /* of_router= */ true);
	(void)inet_ntop(AF_INET, &ip4, ret->ip4, sizeof ret->ip4); /* both buffers are large enough */
	(void)inet_ntop(AF_INET6, &ip6, ret->ip6, sizeof ret->ip6);
	return true;
}

void uplink_end(struct uplink *uplink, struct host *host)
{
	struct netlink_request request;
	struct error e = { 0 };
	autoclose int socket = -1;

	if (!uplink->name[0])
		return;
	if (host_end(host, uplink->name, &e))
		log_warning("%s, continuing", e.text);
	error_clear(&e);
	socket = netlink_open(host->own, &e);
	netlink_begin(&request, RTM_DELLINK, 0, sizeof request.link);
	netlink_add(&request, IFLA_IFNAME, NETWORK_UPLINK, strlen(NETWORK_UPLINK) + 1);
	if (socket >= 0)
		(void)netlink_ask(socket, &request); /* it goes with this namespace at the latest */
	uplink->name[0] = '\0';
}
