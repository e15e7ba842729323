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

enum { PART = 32 << 10 };

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

static bool can_be_led(const struct router *r, const struct host_port *port)
{
	return port->is_dnat && host_port_is_wide(port) && (r->addresses.has_ip6 || !is_six(port));
}

static bool is_led(const struct router *r, size_t at)
{
	return can_be_led(r, &r->ports.items[at].port) && is_first(&r->ports, at);
}

/* Of those that are led with one number, in two families or on several addresses, this is not the first. */
static bool is_repeated(const struct router *r, size_t at)
{
	const struct host_port *own = &r->ports.items[at].port;

	for (size_t i = 0; i < at; i++) {
		const struct host_port *other = &r->ports.items[i].port;

		if (other->protocol == own->protocol && other->published == own->published && can_be_led(r, other))
			return true;
	}
	return false;
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

static void add_chain_name(const struct host_port *port, struct text *to)
{
	text_addf(to, "p_%s_%d", port_protocol_word(port->protocol), port->published);
}

/* In the router namespace, a chain for a number in each family: without a live instance nothing is translated, and input refuses it. */
static void add_chain(const struct router *r, size_t at, struct text *to)
{
	const struct published *published = &r->ports.items[at];
	const struct service *service = services_find(&r->services, published->service);
	autorelease(text) struct text chain = { 0 };

	add_chain_name(&published->port, &chain);
	if (!is_repeated(r, at))
		text_addf(to, "add chain inet box %s\nflush chain inet box %s\n", chain.data, chain.data);
	if (service && service->target_count)
		add_targets(r, service, &published->port, chain.data, to);
}

/* Runs what has come together, if it is more than so much. */
static int run(const struct router *r, struct text *commands, size_t least, struct error *e)
{
	int result = commands->length > least ? firewall_run(r->firewall, commands->data, e) : 0;

	if (commands->length > least)
		text_clear(commands);
	return result;
}

/* A message to the kernel has a size that only the host's root may pass. So chains are written some at a time; which numbers lead to them
 * is one element of a map each, and changes at once. */
static int settle_inside(const struct router *r, struct error *e)
{
	autorelease(text) struct text commands = { 0 };
	bool has_any = false;

	text_add(&commands, "add map inet box published { type inet_proto . inet_service : verdict; }\n"
			    "add chain inet box published { type nat hook prerouting priority dstnat; policy accept; }\n"
			    "flush chain inet box published\n"
			    "add rule inet box published iifname \"" NETWORK_UPLINK "\" meta l4proto . th dport vmap @published\n");
	for (size_t i = 0; i < r->ports.count; i++) {
		if (is_led(r, i))
			add_chain(r, i, &commands);
		if (run(r, &commands, PART, e))
			return -1;
	}
	if (run(r, &commands, 0, e))
		return -1;
	text_add(&commands, "flush map inet box published\n");
	for (size_t i = 0; i < r->ports.count; i++) {
		const struct host_port *port = &r->ports.items[i].port;

		if (!is_led(r, i) || is_repeated(r, i))
			continue;
		text_addf(&commands, "%s %s . %d : goto ", has_any ? "," : "add element inet box published {", port_protocol_word(port->protocol),
			  port->published);
		add_chain_name(port, &commands);
		has_any = true;
	}
	text_add(&commands, has_any ? " }\n" : "");
	return run(r, &commands, 0, e);
}

void dnat_settle(struct router *r)
{
	autofree int *sockets = NULL;
	struct error e = { 0 };
	size_t count = 0;

	if (!r->uplink || r->run.is_rootless)
		return;
	sockets = alloc_zeroed(r->ports.count, sizeof *sockets);
	for (size_t i = 0; i < r->ports.count; i++)
		if (is_led(r, i))
			sockets[count++] = r->ports.items[i].port.fd;
	if (!count && !r->ports.has_dnat)
		return;
	r->ports.has_dnat = count;
	/* Inside first: what the host lets through finds its way. */
	if (settle_inside(r, &e) || uplink_lead(r->uplink, sockets, count, &e))
		log_warning("lead ports of the network %s past the relay: %s, continuing", r->run.name, e.text);
}
