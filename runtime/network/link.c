/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - the link between a network's router namespace and a container: a pair of veth devices.
 */
#include "runtime/network/link.h"

#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/if_link.h>

#include "base/error.h"
#include "runtime/network/netlink.h"
#include "runtime/network/veth.h"

bool link_parse(const char *words, struct link *ret)
{
	return sscanf(words, "%15s %u %23s %23s %u", ret->name, &ret->index, ret->router_mac, ret->own_mac, &ret->mtu) == 5;
}

bool link_mac_parse(const char *text, unsigned char ret[static LINK_MAC])
{
	char end;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &ret[0], &ret[1], &ret[2], &ret[3], &ret[4], &ret[5], &end) == LINK_MAC;
}

static void add_end(struct netlink_request *request, const char *name, const unsigned char *mac, unsigned mtu)
{
	const uint32_t bytes = mtu;

	netlink_add(request, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_add(request, IFLA_ADDRESS, mac, LINK_MAC);
	netlink_add(request, IFLA_MTU, &bytes, sizeof bytes);
}

static void add_peer(struct netlink_request *request, const struct link *link, int namespace, unsigned number, const unsigned char *mac)
{
	struct veth_peer peer = veth_begin_peer(request, (int)(LINK_INSIDE_BASE + number));
	char device[IF_NAMESIZE];

	(void)snprintf(device, sizeof device, "eth%u", number); /* it fits */
	add_end(request, device, mac, link->mtu);
	veth_end_peer(request, &peer, namespace);
}

int link_make(const struct link *link, int namespace, unsigned number, struct error *e)
{
	unsigned char own[LINK_MAC], theirs[LINK_MAC];
	struct netlink_request request;

	if (!link_mac_parse(link->router_mac, theirs) || !link_mac_parse(link->own_mac, own))
		return error_set(e, ERROR_INTERNAL, "make a link to the network: its hardware addresses are not understood");
	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof request.link);
	/* The kernel takes a number for the other end only where this end has one. */
	request.link.ifi_index = (int)link->index;
	add_end(&request, link->name, theirs, link->mtu);
	add_peer(&request, link, namespace, number, own);
	if (netlink_ask(link->router, &request) == 0)
		return 0;
	error_sys(e, "make a link to the network");
	return veth_hint(e);
}
