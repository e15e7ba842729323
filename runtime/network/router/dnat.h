/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnat.h - "mode": "dnat": packets to a published port go their own way through the kernel, beside the relay.
 *
 *     client -> the host: table box, chain ports_bxN: to the uplink's address, same port -> router namespace: map published: to the
 *     service's live instances, in turn -> instance, which sees the client's address
 *
 * The host's INPUT rules are not asked, since nothing comes in. The host's socket stays with the relay: for clients on the host itself, for
 * members of networks, and so that nobody else takes the port. A network without an uplink (internal, or an ordinary user's) has the relay
 * alone; so has a port on a loopback address, and one whose number leads to another service of the network on another address.
 */
#pragma once

struct router;

/* As the ports and services are now; nothing to do where no port has that mode. */
void dnat_settle(struct router *r);
