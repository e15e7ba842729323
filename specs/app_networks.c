/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_networks.c - the networks that an app is in, and its published ports.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/container.h"

/* In a run in the foreground the container is called otherwise than the app: it is found by both names. */
static void add_network(const struct app *app, const struct app_network *from, struct container *c)
{
	struct network_membership *to = alloc_append(&c->networks, &c->network_count, sizeof *to);

	*to = (struct network_membership){ .name = alloc_copy(from->name), .field = text_format("networks.%s", from->name),
					    .is_internal = from->is_internal, .subnet = alloc_copy(from->subnet) };
	list_copy(&to->aliases, &from->aliases);
	if (app->name && strcmp(app->name, c->service) != 0 && !list_has(&to->aliases, app->name))
		list_add(&to->aliases, app->name);
}

static void add_port(const struct port *from, size_t at, int64_t number, struct container *c)
{
	struct published_port *to = alloc_append(&c->ports, &c->port_count, sizeof *to);

	*to = (struct published_port){ .target = (uint16_t)(from->target + number),
				       .published = (uint16_t)(from->published != LIMIT_UNSET ? from->published + number : 0),
				       .protocol = from->protocol && strcmp(from->protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
				       .is_dnat = from->mode == PORT_MODE_DNAT, .host_ip = alloc_copy(from->host_ip),
				       .field = text_format("ports[%zu]", at) };
}

void app_networks(const struct app *app, struct container *c)
{
	bool is_private = app->network_mode == NETWORK_CHOICE_PRIVATE || (app->port_count && !app_has(app, "network_mode"));

	c->service = alloc_copy(c->name);
	for (size_t i = 0; i < app->network_count; i++)
		add_network(app, &app->networks[i], c);
	if (is_private && !c->network_count) {
		struct network_membership *own = alloc_append(&c->networks, &c->network_count, sizeof *own);

		*own = (struct network_membership){ .name = alloc_copy(c->service), .is_own = true, .field = alloc_copy("network_mode") };
	}
	list_copy(&c->neighbours, &app->neighbours);
	for (size_t i = 0; i < app->extra_hosts.count; i++) {
		const char *pair = app->extra_hosts.items[i], *address = strchr(pair, '=') + 1;

		list_addf(&c->extra_hosts, "%s\t%.*s", address, (int)(address - pair - 1), pair);
	}
	for (size_t i = 0; i < app->port_count; i++)
		for (int64_t number = 0; number == 0 || number < app->ports[i].count; number++)
			add_port(&app->ports[i], i, number, c);
}

/* Without an address a port is on both loopback addresses. */
size_t app_port_sockets(const struct app *app)
{
	size_t sum = 0;

	for (size_t i = 0; i < app->port_count; i++)
		sum += (size_t)(app->ports[i].count > 1 ? app->ports[i].count : 1) * (app->ports[i].host_ip ? 1 : 2);
	return sum;
}

const char *app_port_network(const struct app *app)
{
	return app->network_count ? app->networks[0].name : NULL;
}
