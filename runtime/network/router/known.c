/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.c - which names the members of a network are answered.
 *
 * All of them lead to services' addresses, which stay. They are set anew where something has changed: two members may have one alias, and
 * what one of them takes along is still the other's.
 */
#include "runtime/network/router/known.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "runtime/network/names/dns.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/router/router.h"

int known_begin(struct router *r, int upstream, struct error *e)
{
	const struct subnet subnet = addresses_subnet(&r->addresses);

	r->resolver = resolver_new(upstream, &subnet, e);
	if (!r->resolver)
		return -1;
	return router_watch(r, resolver_fd(r->resolver), ROUTER_RESOLVER, e);
}

static void set(struct router *r, const char *asker, const char *name, unsigned index)
{
	struct in6_addr six = r->addresses.has_ip6 ? addresses_ip6(&r->addresses, index) : in6addr_any;

	resolver_set(r->resolver, asker, name, addresses_ip4(&r->addresses, index), &six);
}

/* "IP4 IP6 NAME" */
static void set_neighbour(struct router *r, const struct member *member, const char *line)
{
	char ip4[INET_ADDRSTRLEN], ip6[INET6_ADDRSTRLEN], name[DNS_NAME];
	struct in6_addr six = in6addr_any;
	struct in_addr four;

	if (sscanf(line, "%15s %45s %255s", ip4, ip6, name) != 3 || inet_pton(AF_INET, ip4, &four) != 1)
		return;
	(void)inet_pton(AF_INET6, ip6, &six); /* "-": none */
	resolver_set(r->resolver, member->instance, name, four, &six);
}

static void set_member(struct router *r, const struct member *member)
{
	const struct service *service = services_find(&r->services, member->service);

	for (size_t i = 0; i < member->known.count; i++)
		set_neighbour(r, member, member->known.items[i]);
	if (!service)
		return;
	for (size_t i = 0; i < member->aliases.count; i++)
		set(r, NULL, member->aliases.items[i], service->index);
}

/* A service's own name comes last: nobody takes it by an alias. */
void known_settle(struct router *r)
{
	r->has_new_names = false;
	resolver_clear(r->resolver);
	for (size_t i = 0; i < r->members.count; i++)
		set_member(r, r->members.items[i]);
	for (size_t i = 0; i < r->services.count; i++)
		set(r, NULL, r->services.items[i]->name, r->services.items[i]->index);
}
