/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_list.h - which ports of the host lead to which containers, as the networks tell that are there.
 */
#pragma once

#include <stddef.h>

#include "runtime/network/port_line.h"

struct error;
struct places;
struct text;

/* A container and the ports of its service, in the order of their numbers inside. */
struct container_ports {
	char *name, *service;
	struct host_port *ports;
	size_t count;
};

struct port_list {
	struct container_ports *items;
	size_t count;
};

/* All containers that are in a network. A network that ends meanwhile is left out. */
int port_list_read(const struct places *places, struct port_list *ret, struct error *e);
void port_list_release(struct port_list *list);

/* What the container publishes; NULL: it is in no network. */
const struct container_ports *port_list_find(const struct port_list *list, const char *name);
/* The same of any container of a service. */
const struct container_ports *port_list_find_service(const struct port_list *list, const char *service);

/* "127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp", numbers that follow each other as one range; nothing for NULL. Adds to ret. */
void port_list_print(const struct container_ports *ports, struct text *ret);
