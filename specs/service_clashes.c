/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_clashes.c - what two services, or two networks, of one file cannot both have.
 *
 * Only what is certain: services with profiles may never run beside each other, nor does one that waits for the end of the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/problems.h"
#include "specs/services.h"
#include "specs/stack.h"

static int64_t last_of(const struct port *port)
{
	return port->published + (port->count > 1 ? port->count : 1) - 1;
}

static bool is_any(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* Without an address it is loopback, of both families. Others are compared as they are written. */
static bool overlap(const char *one, const char *other)
{
	if (!one)
		return !other || overlap("127.0.0.1", other) || overlap("::1", other);
	if (!other)
		return overlap(other, one);
	return strcmp(one, other) == 0 || (!strchr(one, ':') == !strchr(other, ':') && (is_any(one) || is_any(other)));
}

static const char *protocol_of(const struct port *port)
{
	return port->protocol ? port->protocol : "tcp";
}

/* Ports that box chooses never clash. */
static bool clash(const struct port *one, const struct port *other)
{
	return one->published > 0 && other->published > 0 && one->published <= last_of(other) && other->published <= last_of(one) &&
	       overlap(one->host_ip, other->host_ip) && strcmp(protocol_of(one), protocol_of(other)) == 0;
}

static bool waits_for_end(const struct stack_service *one, const struct stack_service *other)
{
	for (size_t i = 0; i < one->dependency_count; i++)
		if (one->dependencies[i].condition == STACK_COMPLETED && strcmp(one->dependencies[i].service, other->name) == 0)
			return true;
	return false;
}

static int check_ports(const struct stack_service *one, const struct stack_service *other, struct problems *p)
{
	if (one->app->profiles.count || other->app->profiles.count || waits_for_end(one, other) || waits_for_end(other, one))
		return 0;
	for (size_t i = 0; i < one->app->port_count; i++)
		for (size_t k = 0; k < other->app->port_count; k++) {
			if (!clash(&one->app->ports[i], &other->app->ports[k]))
				continue;
			error_set(p->e, ERROR_SPEC, "port %jd of the host is published by the service \"%.80s\", too",
				  (intmax_t)one->app->ports[i].published, other->name);
			error_hint(p->e, "another number before the \":\" works beside it");
			error_at(p->e, "services.%s.ports[%zu]", one->name, i);
			return problems_add(p);
		}
	return 0;
}

static int check_subnets(const struct stack *stack, size_t i, struct problems *p)
{
	const struct stack_network *one = &stack->networks[i];

	for (size_t k = 0; k < i; k++) {
		const struct stack_network *other = &stack->networks[k];

		if (!one->subnet || !text_equal(one->subnet, other->subnet) || text_equal(one->name, other->name))
			continue;
		error_set(p->e, ERROR_SPEC, "the network \"%.80s\" has the subnet %.40s, too", other->key, one->subnet);
		error_hint(p->e, "another one, or none: then box takes one that is free");
		error_at(p->e, "networks.%s.subnet", one->key);
		return problems_add(p);
	}
	return 0;
}

int services_check_clashes(const struct stack *stack, struct problems *p)
{
	for (size_t i = 0; i < stack->count; i++)
		for (size_t k = 0; k < i; k++)
			if (check_ports(&stack->services[i], &stack->services[k], p))
				return -1;
	for (size_t i = 0; i < stack->network_count; i++)
		if (check_subnets(stack, i, p))
			return -1;
	return 0;
}
