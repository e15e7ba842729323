/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_routes.h - the way back of packets whose sender's address the relay has borrowed.
 *
 * A member answers the address of a client outside, which is none of the router namespace's own. The network's rules give a packet that
 * belongs to a socket with such an address RELAY_MARK ("socket transparent 1" in prerouting), and what has it is delivered here: a rule
 * leads it to a table whose only route is "local, everything".
 */
#pragma once

struct error;

enum { RELAY_MARK = 0x626f78, RELAY_TABLE = 0x626f78 };

/* In the caller's network namespace, once. IPv6 is left out where the kernel has none. Also lets a port be used again soon for the
 * same target (tcp_tw_reuse): a relay is the one that ends most connections. */
int relay_routes_make(struct error *e);
