/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_owner.c - which app of this host's box has published a port.
 *
 * The process that holds the socket is box-net, of whatever network the app is in: nobody knows it by that name.
 */
#include "runtime/network/port_owner.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/port_list.h"
#include "specs/container.h"

/* The service, or the app alone, on whatever address it is. */
static const char *find_owner(const struct port_list *list, const struct published_port *wish, const char *own)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->items[i].count; k++) {
			const struct host_port *port = &list->items[i].ports[k];

			if (port->protocol == wish->protocol && port->published == wish->published && strcmp(list->items[i].service, own) != 0)
				return list->items[i].service;
		}
	return NULL;
}

int port_owner_blame(const struct places *places, const struct container *container, struct error *e)
{
	const char *own = container->service ? container->service : container->name;
	autorelease(port_list) struct port_list list = { 0 };
	struct error ignored = { 0 };

	if (e->sys != EADDRINUSE || !e->field[0] || port_list_read(places, &list, &ignored))
		return -1;
	for (size_t i = 0; i < container->port_count; i++) {
		const struct published_port *wish = &container->ports[i];
		const char *owner = wish->published && text_equal(wish->field, e->field) ? find_owner(&list, wish, own) : NULL;

		if (!owner)
			continue;
		error_clear(e);
		error_set(e, ERROR_EXISTS, "publish %s port %d: the app %s publishes it already", port_protocol_word(wish->protocol),
			  wish->published, owner);
		e->sys = EADDRINUSE;
		error_hint(e, "another \"published\" port works beside it; box ps and box port %s tell which ports are taken", owner);
		return error_at(e, "%s", wish->field);
	}
	return -1;
}
