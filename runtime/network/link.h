/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - the link between a network's router namespace and a container: a pair of veth devices.
 *
 * box makes it, an ordinary user's too. The two ends belong to two user namespaces that know nothing of each other, so
 * no process in either may make it. But box stands outside both and owns both, which for the kernel is as good as every capability in them
 * (user_namespaces(7)). What it lacks is a socket in the router namespace, into which it may not go itself; box-net opens that there and
 * hands it over. Who opened a socket is asked as well, unless the message names its destination (NETLINK_SKB_DST, since Linux 3.15), as
 * netlink_ask's do.
 */
#pragma once

#include <stdbool.h>

struct error;

/* Inside, the device of network number N is ethN, and has this index: nothing has to be searched for. */
enum { LINK_INSIDE_BASE = 100 };

enum { LINK_MAC = 6 };

/* The answer of box-net to "prepare" has it: "link NAME INDEX ROUTER-MAC OWN-MAC MTU". */
struct link {
	int router;         /* the socket that came with it, or -1 */
	char name[16];      /* of the router's end, and its number */
	unsigned index;
	char router_mac[24], own_mac[24];
	unsigned mtu;       /* bytes */
};

/* What follows "link "; router is left as it is. False: not understood. */
bool link_parse(const char *words, struct link *ret);

/* Makes it: the other end is ethNUMBER in the container's network namespace. Both are down and without an address. */
int link_make(const struct link *link, int namespace, unsigned number, struct error *e);

/* "02:b0:78:00:00:01". False: it is none. */
bool link_mac_parse(const char *text, unsigned char ret[static LINK_MAC]);
