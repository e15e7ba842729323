/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_ports.h - the host's sockets of published ports.
 *
 * box binds them in its own network namespace, before the app starts: what is taken is an error then and there, and the host's own INPUT
 * rules decide who may connect, as for any program of the host. box-net gets them (words.h, "publish") and holds them as long as the
 * service has a member; what it holds already is not bound again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/network/port_line.h"

struct container;
struct control_fds;
struct error;
struct list;
struct text;

struct host_ports {
	struct host_port *items;
	size_t count;
};

/* Binds what the container publishes. Without an address a port is bound on 127.0.0.1 and, where the host has it, ::1; a port that is 0 is
 * one that is free on both, or the one that is held. held: what box-net has of this service, in the words of host_port_read. e->field is
 * the port's. */
int host_ports_bind(const struct container *c, const struct list *held, struct host_ports *ret, struct error *e);
void host_ports_release(struct host_ports *ports);

/* The lines of "publish" from *at on, with their sockets, as many as fit into a message; *at is behind them. False: there are none left. */
bool host_ports_add_lines(const struct host_ports *ports, size_t *at, struct text *words, struct control_fds *fds);

/* What lines of host_port_read say, without sockets. Adds to ret. */
void host_ports_read(const struct list *lines, struct host_ports *ret);

/* Leaves in noted what somebody of this host has at the moment. Who has taken a box-net over may name ports that it never had, and what is
 * noted is bound again for it (host_ports_again). */
void host_ports_leave_taken(struct list *noted);

/* Those of noted that are not among now, bound again where they can be, and those that lead elsewhere now. Adds to ret. */
void host_ports_again(const struct list *noted, const struct list *now, struct host_ports *ret);

/* Adds those of held that the container does not publish any more. */
void host_ports_add_others(const struct host_ports *ports, const struct list *held, struct list *ret);
