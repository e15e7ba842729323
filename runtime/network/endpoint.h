/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - a container's own network namespace: loopback, the sockets of its name server, and its devices.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct error;

struct endpoint {
	int namespace;
	int netlink;  /* a socket in it */
	int udp, tcp; /* bound to 127.0.0.11:53 in it; -1: given away */
};

/* One device as it shall be. Texts are addresses; "-" for those of IPv6: none. */
struct endpoint_device {
	unsigned number;
	const char *ip4, *ip6;
	const char *router4, *router6;
	const char *subnet4, *subnet6; /* "10.200.0.0/22" */
	const char *router_mac;
	bool is_default;        /* the way to everything else */
};

/* Opens the network namespace of a process, and what is needed in it; loopback is up afterwards. */
int endpoint_open(struct endpoint *endpoint, int pid, struct error *e);
void endpoint_close(struct endpoint *endpoint);

/* The device is there: its addresses, routes, and it goes up. */
int endpoint_set_up(const struct endpoint *endpoint, const struct endpoint_device *device, struct error *e);
