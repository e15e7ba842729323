/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_list.c - which ports of the host lead to which containers.
 */
#include "runtime/network/port_list.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/publish.h"
#include "runtime/network/reach.h"
#include "runtime/network/words.h"

enum { NAME_MOST = 192, NETWORK_MS = 5000 };

static int compare(const void *a, const void *b)
{
	const struct host_port *left = a, *right = b;

	if (left->target != right->target)
		return left->target < right->target ? -1 : 1;
	if (left->protocol != right->protocol)
		return left->protocol < right->protocol ? -1 : 1;
	if (strchr(left->address, ':') && !strchr(right->address, ':'))
		return 1;
	if (!strchr(left->address, ':') && strchr(right->address, ':'))
		return -1;
	return left->published < right->published ? -1 : left->published > right->published;
}

static void take_ports(struct container_ports *item, const struct list *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct host_port port, *place;

		if (!host_port_read(lines->items[i], &port))
			continue;
		place = alloc_append(&item->ports, &item->count, sizeof *place);
		*place = port;
	}
	if (item->count)
		qsort(item->ports, item->count, sizeof *item->ports, compare);
}

static struct container_ports *find_name(const struct port_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

/* A container is in several networks: it has its ports in one of them. */
static int add_member(int connection, const char *name, const char *service, struct port_list *ret, struct error *e)
{
	autorelease(list) struct list lines = { 0 };
	struct container_ports *item = find_name(ret, name);

	if (network_published(connection, service, &lines, e))
		return -1;
	if (!item) {
		item = alloc_append(&ret->items, &ret->count, sizeof *item);
		*item = (struct container_ports){ .name = alloc_copy(name), .service = alloc_copy(service) };
	}
	if (!item->count)
		take_ports(item, &lines);
	return 0;
}

/* So long at most, and then with what it has told: who asks for another network's ports, or for none, waits as well. */
static int add_network(const struct places *places, const char *network, struct port_list *ret, struct error *e)
{
	autoclose int connection = network_find(places, network, e);
	autorelease(text) struct text shown = { 0 };
	int64_t until_ms = clock_monotonic_ms() + NETWORK_MS;

	if (connection < 0 || network_ask(connection, "show", NULL, &shown, e))
		return -1;
	for (const char *line = shown.data; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char name[NAME_MOST], service[NAME_MOST];

		if (clock_monotonic_ms() >= until_ms)
			return error_set(e, ERROR_KERNEL, "ask the network %s for its ports: it takes too long", network);
		if (sscanf(line, "member %191s %191s", name, service) == 2 && add_member(connection, name, service, ret, e))
			return -1;
	}
	return 0;
}

int port_list_read(const struct places *places, struct port_list *ret, struct error *e)
{
	autofree char *path = text_format("%s/" NETWORKS_FOLDER, places->state);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autorelease(list) struct list names = { 0 };
	struct port_list list = { 0 };

	if (folder >= 0 && folder_names(folder, &names))
		return error_sys(e, "read the folder %s", path);
	for (size_t i = 0; i < names.count; i++) {
		struct error ignored = { 0 }; /* files beside the folders; a network that nobody is in any more */

		(void)add_network(places, names.items[i], &list, &ignored);
	}
	*ret = list;
	return 0;
}

void port_list_release(struct port_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].service);
		free(list->items[i].ports);
	}
	free(list->items);
	*list = (struct port_list){ 0 };
}

const struct container_ports *port_list_find(const struct port_list *list, const char *name)
{
	return find_name(list, name);
}

const struct container_ports *port_list_find_service(const struct port_list *list, const char *service)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].service, service) == 0)
			return &list->items[i];
	return NULL;
}

/* How many ports from there on are one range. */
static size_t range_of(const struct container_ports *ports, size_t at, const bool *is_shown)
{
	const struct host_port *first = &ports->ports[at];
	size_t length = 1;

	for (size_t i = at + 1; i < ports->count; i++) {
		const struct host_port *port = &ports->ports[i];

		if (!is_shown[i] && port->protocol == first->protocol && strcmp(port->address, first->address) == 0 &&
		    port->target == first->target + length && port->published == first->published + length)
			length++;
	}
	return length;
}

static void mark(const struct container_ports *ports, size_t at, size_t length, bool *is_shown)
{
	const struct host_port *first = &ports->ports[at];

	for (size_t i = at; i < ports->count; i++) {
		const struct host_port *port = &ports->ports[i];

		is_shown[i] |= port->protocol == first->protocol && strcmp(port->address, first->address) == 0 &&
			       port->target >= first->target && port->target < first->target + length &&
			       port->published - first->published == port->target - first->target;
	}
}

void port_list_print(const struct container_ports *ports, struct text *ret)
{
	autofree bool *is_shown = ports ? alloc_zeroed(ports->count, sizeof *is_shown) : NULL;
	bool is_first = true;

	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct host_port *port = &ports->ports[i];
		size_t length;

		if (is_shown[i])
			continue;
		length = range_of(ports, i, is_shown);
		mark(ports, i, length, is_shown);
		text_add(ret, is_first ? "" : ", ");
		is_first = false;
		host_port_print_address(port, ret);
		if (length > 1)
			text_addf(ret, "-%zu", port->published + length - 1);
		text_addf(ret, "->%d", port->target);
		if (length > 1)
			text_addf(ret, "-%zu", port->target + length - 1);
		text_addf(ret, "/%s", port_protocol_word(port->protocol));
	}
}
