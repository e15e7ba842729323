/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink_keeper.h - the process that stays outside and keeps a network's way out (uplink.h). Private to those files.
 *
 *     to the keeper   "begin", once: the device can be made in the router's network namespace
 *                     "settle" with sockets of published ports: the ports of these, and no others, are led to the router past the relay
 *                     (root's keeper alone). "lead": those for which the "settle" that follows has no room
 *     from it         "began MTU OWN4 PEER4 OWN6 PEER6": the device "up" is there or about to be, and is to have these addresses; "-":
 *                     none. OWN has the length of its prefix; PEER is what leads to everything else
 *                     "failed …" (supervise/control.h): it cannot be begun now, or the ports cannot be led; "settled"
 *                     "ended": pasta has ended. After this and "failed" it is begun again later
 *                     "again": this is another process, which does not know what is to be led
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

struct uplink_keep {
	int socket;    /* one end of a pair */
	int inside;    /* pidfd of the first box-net, a child that has to be waited for */
	int namespace; /* of the router */
	int folder;    /* STATE/.networks/NAME */
	struct in6_addr prefix6;
	bool has_ip6;
};

/* The keeper's whole life. */
_Noreturn void pasta_keep(const struct uplink_keep *plan);
_Noreturn void host_keep(const struct uplink_keep *plan);
