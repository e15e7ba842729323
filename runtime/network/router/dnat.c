/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnat.c - "mode": "dnat": packets to a published port go their own way through the kernel.
 */
#include "runtime/network/router/dnat.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/uplink.h"
#include "runtime/network/words.h"

static bool is_six(const struct host_port *port)
{
	return strchr(port->address, ':');
}

/* The same number can lead to one service only: packets come to the router namespace by it. */
static bool is_first(const struct ports *ports, size_t at)
{
	const struct published *own = &ports->items[at];

	for (size_t i = 0; i < at; i++) {
		const struct published *other = &ports->items[i];

		if (other->port.is_dnat && other->port.protocol == own->port.protocol && other->port.published == own->port.published &&
		    (strcmp(other->service, own->service) != 0 || other->port.target != own->port.target))
			return false;
	}
	return true;
}

static bool is_led(const struct router *r, size_t at)
{
	const struct host_port *port = &r->ports.items[at].port;

	return port->is_dnat && host_port_is_wide(port) && is_first(&r->ports, at) && (r->addresses.has_ip6 || !is_six(port));
}

static void add_targets(const struct router *r, const struct service *service, const struct host_port *port, const char *chain,
			struct text *to)
{
	const char *ip = is_six(port) ? "ip6" : "ip";

	text_addf(to, "add rule inet box %s meta l4proto %s dnat %s to numgen inc mod %zu map {", chain, port_protocol_word(port->protocol),
		  ip, service->target_count);
	for (size_t i = 0; i < service->target_count; i++) {
		struct address_texts texts;

		addresses_print(&r->addresses, service->targets[i], &texts);
		text_addf(to, "%s %zu : %s . %d", i ? "," : "", i, is_six(port) ? texts.ip6 : texts.ip4, port->target);
	}
	text_add(to, " }\n");
}

/* In the router namespace, a chain for a number in each family: without a live instance nothing is translated, and input refuses it. */
static void add_inside(const struct router *r, const struct published *published, struct text *to)
{
	const struct host_port *port = &published->port;
	const struct service *service = services_find(&r->services, published->service);
	autofree char *chain = text_format("p_%s_%d", port_protocol_word(port->protocol), port->published);

	text_addf(to, "add chain inet box %s\n", chain);
	text_addf(to, "add element inet box published { %s . %d : goto %s }\n", port_protocol_word(port->protocol), port->published, chain);
	if (service && service->target_count)
		add_targets(r, service, port, chain, to);
}

static void add_flushes(const struct router *r, struct text *to)
{
	text_add(to, "add map inet box published { type inet_proto . inet_service : verdict; }\n"
		     "add chain inet box published { type nat hook prerouting priority dstnat; policy accept; }\n"
		     "flush chain inet box published\n"
		     "add rule inet box published iifname \"" NETWORK_UPLINK "\" meta l4proto . th dport vmap @published\n"
		     "flush map inet box published\n");
	for (size_t i = 0; i < r->ports.count; i++) {
		const struct host_port *port = &r->ports.items[i].port;

		if (is_led(r, i))
			text_addf(to, "add chain inet box p_%s_%d\nflush chain inet box p_%s_%d\n", port_protocol_word(port->protocol), port->published,
				  port_protocol_word(port->protocol), port->published);
	}
}

void dnat_settle(struct router *r)
{
	autorelease(text) struct text inside = { 0 };
	autofree int *sockets = NULL;
	struct error e = { 0 };
	size_t count = 0;

	if (!r->uplink || r->run.is_rootless)
		return;
	sockets = alloc_zeroed(r->ports.count, sizeof *sockets);
	add_flushes(r, &inside);
	for (size_t i = 0; i < r->ports.count; i++) {
		if (!is_led(r, i))
			continue;
		sockets[count++] = r->ports.items[i].port.fd;
		add_inside(r, &r->ports.items[i], &inside);
	}
	if (!count && !r->ports.has_dnat)
		return;
	r->ports.has_dnat = count;
	/* Inside first: what the host lets through finds its way. */
	if (firewall_run(r->firewall, inside.data, &e) || uplink_lead(r->uplink, sockets, count, &e))
		log_warning("lead ports of the network %s past the relay: %s, continuing", r->run.name, e.text);
}
