/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnat.h - "mode": "dnat": packets to a published port go their own way through the kernel, beside the relay.
 *
 *     client -> the host: table box, chain ports_bxN: to the uplink's address, same port -> router namespace: the maps "published4" and
 *     "published6" lead the number to a chain of its service -> a live instance, in turn, and the port that the map "targets" says ->
 *     instance, which sees the client's address
 *
 * So an instance that comes or goes changes a rule of its service, and a port an element of each map: how many ports there are does not
 * matter to a packet, nor to a change.
 *
 * The host's INPUT rules are not asked, since nothing comes in. The host's socket stays with the relay: for clients on the host itself, for
 * members of networks, and so that nobody else takes the port. A network without an uplink (internal, or an ordinary user's) has the relay
 * alone; so has a port on a loopback address, and one whose number leads to another service of the network on another address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct router;

/* A number that is led, and in which families. */
struct dnat_number {
	int protocol;
	uint16_t number, target;
	unsigned service; /* index of its address */
	bool four, six;
};

struct dnat {
	struct dnat_number *numbers; /* in the maps, sorted */
	size_t count;
	bool is_known; /* they are what is in them; false at the beginning */
	bool is_wrong; /* something else may be in them */
	char *failure; /* why the last time has failed: who publishes is told; NULL: it has not */
	char *led;     /* the ports that the host leads, a line each; NULL: there was none so far */
};

/* As the ports and services are now; nothing to do where no port has that mode. */
void dnat_settle(struct router *r);

/* The same, when the keeper of the way out has forgotten them. */
void dnat_settle_again(struct router *r);

void dnat_release(struct dnat *dnat);
