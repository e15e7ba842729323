/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.c - the published ports of a network's services.
 */
#include "runtime/network/router/ports.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "runtime/network/relay/relay.h"
#include "runtime/network/router/copies.h"
#include "runtime/network/router/dnat.h"
#include "runtime/network/router/router.h"

enum {
	STARTING_MS = 30000, /* an instance is on its way: connections wait */
	LISTENS_MS = 5000,   /* its program runs, and may not listen yet */
};

int ports_begin(struct router *r, struct error *e)
{
	const struct relay_network network = { .subnet = addresses_subnet(&r->addresses), .is_internal = r->run.is_internal };

	r->ports.relay = relay_new(&network, e);
	if (!r->ports.relay)
		return -1;
	return router_watch(r, relay_fd(r->ports.relay), ROUTER_RELAY, e);
}

static struct published *find(const struct ports *ports, const char *service, const struct host_port *port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (host_port_is_same(&ports->items[i].port, port) && strcmp(ports->items[i].service, service) == 0)
			return &ports->items[i];
	return NULL;
}

static void lead(struct ports *ports, struct published *there, const struct host_port *port)
{
	relay_lead(ports->relay, there->port.fd, port->target);
	there->port.target = port->target;
	there->port.is_dnat = port->is_dnat;
	if (port->fd >= 0)
		close(port->fd); /* two boxes have bound what only one can have: a descriptor of the same socket */
}

int ports_publish(struct router *r, const char *service, const struct host_port *port, struct error *e)
{
	struct ports *ports = &r->ports;
	const struct relay_port wish = { .service = service, .protocol = port->protocol, .target = port->target };
	struct published *there = find(ports, service, port);

	if (there) {
		lead(ports, there, port);
		copies_put_port(r, there);
		return 0;
	}
	if (port->fd < 0)
		return error_set(e, ERROR_MISSING, "publish port %d of %s: the network does not have its socket any more", port->published,
				 service);
	if (relay_open(ports->relay, &wish, port->fd, e))
		return -1;
	there = alloc_append(&ports->items, &ports->count, sizeof *there);
	*there = (struct published){ .service = alloc_copy(service), .port = *port };
	copies_put_port(r, there);
	return 0;
}

void ports_withdraw(struct router *r, const char *service, const struct host_port *port)
{
	struct ports *ports = &r->ports;

	for (size_t i = ports->count; i-- > 0;) {
		struct published *there = &ports->items[i];

		if (strcmp(there->service, service) != 0 || (port && !host_port_is_same(&there->port, port)))
			continue;
		copies_drop_port(r, there);
		relay_shut(ports->relay, there->port.fd);
		free(there->service);
		*there = ports->items[--ports->count];
	}
	if (!port)
		relay_close(ports->relay, service);
}

void ports_release(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		free(ports->items[i].service);
	free(ports->items);
	relay_free(ports->relay);
	dnat_release(&ports->dnat);
	*ports = (struct ports){ 0 };
}

static bool has_ports(const struct ports *ports, const char *service)
{
	for (size_t i = 0; i < ports->count; i++)
		if (strcmp(ports->items[i].service, service) == 0)
			return true;
	return false;
}

static int64_t hold_of(const struct router *r, const struct service *service)
{
	int64_t asked = service->held_until_ms ? service->held_until_ms - clock_monotonic_ms() : 0;
	int64_t own = service->target_count ? LISTENS_MS : members_come(&r->members, service->name) ? STARTING_MS : 0;

	return asked > own ? asked : own;
}

void ports_settle(struct router *r, const struct service *service)
{
	struct relay_target *targets;

	if (!has_ports(&r->ports, service->name))
		return;
	targets = alloc_zeroed(service->target_count, sizeof *targets);
	for (size_t i = 0; i < service->target_count; i++) {
		targets[i].four = addresses_ip4(&r->addresses, service->targets[i]);
		if (r->addresses.has_ip6)
			targets[i].six = addresses_ip6(&r->addresses, service->targets[i]);
	}
	relay_targets(r->ports.relay, service->name, targets, service->target_count, hold_of(r, service));
	free(targets);
	dnat_settle(r);
}
