/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.h - the links of the router namespace: one to each member, and its own loopback.
 *
 * A link is a point-to-point: the router's end is mINDEX, with a route to the member's addresses and nothing else. Who has which hardware
 * address is written down on both sides: nobody is asked, and nobody can claim another's.
 */
#pragma once

#include <stdbool.h>

struct addresses;
struct error;

enum { LINK_MAC_TEXT = 18 };

/* In a new network namespace, once: loopback with the router's addresses, forwarding, the way back for transparent sockets. */
int links_begin(const struct addresses *a, struct error *e);

/* A pair of devices: the member's end lies in the namespace, as ethNUMBER, down and without an address (network/endpoint.h goes on). */
int links_add_pair(const struct addresses *a, unsigned index, int namespace, unsigned number, struct error *e);

/* The router's end is there, as mINDEX: brings it up, with its routes. has_mac: it is a device with hardware addresses. */
int links_set_up(const struct addresses *a, unsigned index, bool has_mac, struct error *e);

/* Where it is gone already there is nothing to do. */
void links_remove(unsigned index);

/* The hardware address of the router's end, or of the member's. */
void links_mac(unsigned index, bool of_member, char ret[static LINK_MAC_TEXT]);
