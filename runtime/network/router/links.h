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
struct text;

/* In a new network namespace, once: loopback with the router's addresses, forwarding, the way back for transparent sockets. */
int links_begin(const struct addresses *a, struct error *e);

/* What box is told of a link that it is to make (network/link.h): the line "link …". */
void links_print(unsigned index, bool is_rootless, struct text *to);

/* The router's end is there, as mINDEX: brings it up, with its routes. */
int links_set_up(const struct addresses *a, unsigned index, struct error *e);

/* Where it is gone already there is nothing to do. */
void links_remove(unsigned index);
