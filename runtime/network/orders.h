/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders.h - what box tells a network whose members run: where a service's address leads.
 *
 * Where nobody is in the network these are ERROR_MISSING.
 */
#pragma once

#include <stdint.h>

struct container;
struct error;
struct list;
struct places;
struct text;

/* The service's address leads to these instances, which run, and to no other: in one transaction. Flows that are there stay. A hold ends,
 * unless there is no instance. */
int network_switch(const struct places *places, const char *network, const char *service, const struct list *instances, struct error *e);

/* The published ports of the service are those of the container, its first network is this one; others that it had are given back. */
int network_lead_ports(const struct places *places, const char *network, const struct container *container, struct error *e);

/* What the service publishes now, a line each: for network_return_ports. ret is empty before. */
int network_note_ports(const struct places *places, const char *network, const char *service, struct list *ret, struct error *e);

/* The service publishes what was noted, and that leads where it led; what it has beside it is given back: a new generation has brought it
 * along, and failed. */
int network_return_ports(const struct places *places, const char *network, const char *service, const struct list *noted, struct error *e);

/* New connections to the service wait for so long while it has no live instance, in place of being refused; 0: no longer. */
int network_hold(const struct places *places, const char *network, const char *service, int64_t ms, struct error *e);

/* How many flows lead to the instance and have not ended. */
int network_flows(const struct places *places, const char *network, const char *instance, int64_t *ret, struct error *e);
