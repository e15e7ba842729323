/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - the packet filter of the router namespace: who may speak to whom, and what services' addresses lead to.
 *
 *     a packet of a member has that member's address, or is dropped and counted (counter "spoofed")
 *     members of the network reach each other, and through "up" the way out, where there is one
 *     a service's address leads to its live instances in turn; without one it is refused, or dropped while the service is held
 *     through "up" goes nothing to loopback, to a single link, or to what clouds tell their machines (169.254.169.254)
 *     from "up" comes nothing that nobody asked for
 *     the router itself is asked for nothing but an echo
 *
 * The table is made once; a service's rules change in one transaction. Names of people are in no rule: only indexes and addresses.
 */
#pragma once

#include <stdbool.h>

struct addresses;
struct error;
struct firewall;
struct service;

int rules_begin(struct firewall *firewall, const struct addresses *a, struct error *e);

/* What the service's address leads to, and whether it is held, as the struct says. */
int rules_service(struct firewall *firewall, const struct addresses *a, const struct service *service, struct error *e);
