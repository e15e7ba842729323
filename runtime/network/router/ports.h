/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.h - the published ports of a network's services: which there are, and what the relay is to know of them.
 */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include "runtime/network/port_line.h"
#include "runtime/network/router/dnat.h"

struct error;
struct relay;
struct router;
struct service;

struct published {
	char *service;
	struct host_port port; /* its descriptor is the relay's */
};

struct ports {
	struct relay *relay;
	struct published *items;
	size_t count;
	struct dnat dnat;
};

/* In the router namespace. */
int ports_begin(struct router *r, struct error *e);
void ports_release(struct ports *ports);

/* One more port of a service, or another target for one that is there; the socket is taken: -1 where there is none, and then it has
 * to be there. */
int ports_publish(struct router *r, const char *service, const struct host_port *port, struct error *e);
/* Closes one; port NULL: all of the service. Rules that led to it stay until the next of ports_settle or dnat_settle. */
void ports_withdraw(struct router *r, const char *service, const struct host_port *port);

/* Where connections to the service go, as its members are now. */
void ports_settle(struct router *r, const struct service *service);
