/* SPDX-License-Identifier: Apache-2.0 */
/*
 * veth.c - a pair of veth devices in one message of rtnetlink.
 */
#include "runtime/network/veth.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "runtime/network/netlink.h"

static void add_queues(struct netlink_request *request)
{
	const uint32_t one = 1;

	netlink_add(request, IFLA_NUM_TX_QUEUES, &one, sizeof one);
	netlink_add(request, IFLA_NUM_RX_QUEUES, &one, sizeof one);
}

struct veth_peer veth_begin_peer(struct netlink_request *request, int index)
{
	const struct ifinfomsg device = { .ifi_index = index };
	struct veth_peer peer;

	add_queues(request);
	peer.info = netlink_nest(request, IFLA_LINKINFO);
	netlink_add(request, IFLA_INFO_KIND, "veth", strlen("veth"));
	peer.data = netlink_nest(request, IFLA_INFO_DATA);
	peer.peer = netlink_nest(request, VETH_INFO_PEER);
	netlink_add_struct(request, &device, sizeof device);
	add_queues(request);
	return peer;
}

void veth_end_peer(struct netlink_request *request, const struct veth_peer *peer, int namespace)
{
	netlink_add(request, IFLA_NET_NS_FD, &namespace, sizeof namespace);
	netlink_end(request, peer->peer);
	netlink_end(request, peer->data);
	netlink_end(request, peer->info);
}

int veth_hint(struct error *e)
{
	return e->sys == EOPNOTSUPP ? error_hint(e, "this kernel has no veth devices: modprobe veth") : -1;
}
