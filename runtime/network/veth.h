/* SPDX-License-Identifier: Apache-2.0 */
/*
 * veth.h - a pair of veth devices in one message of rtnetlink: the other end is described inside the first one's attributes.
 */
#pragma once

#include <stddef.h>

struct error;
struct netlink_request;

struct veth_peer {
	size_t info, data, peer; /* nests that are open */
};

/* Behind the attributes of the first end. index: that of the other one; 0: the kernel chooses it. What is added up to the end is of the
 * other one, which comes to be in the network namespace of that descriptor. Both have one queue: unasked, the kernel makes one for each
 * processor, and then waits until nobody uses those that it takes away again. */
struct veth_peer veth_begin_peer(struct netlink_request *request, int index);
void veth_end_peer(struct netlink_request *request, const struct veth_peer *peer, int namespace);

/* What has been set as e->sys by who asked for a pair: the hint that belongs to it. -1. */
int veth_hint(struct error *e);
