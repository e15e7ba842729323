/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_network.c - what of the networks of an app in the background its app.json does not say.
 *
 *     service NAME
 *     network NAME INTERNAL OWN SUBNET      in order; SUBNET "-": none; "alias NAME" belongs to the network before
 *     port tcp|udp TARGET PUBLISHED host|dnat ADDRESS     ADDRESS "-": none
 *     neighbour NETWORK NAME SERVICE
 */
#include "runtime/apps/app_network.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/supervise/app_settings.h"
#include "specs/container.h"

#define NETWORK_FILE "network"

enum { FILE_LIMIT = 1 << 20, WORD = 256 };

static bool is_said_by_app(const struct container *c)
{
	bool is_plain = !c->neighbours.count && (!c->service || strcmp(c->service, c->name) == 0);

	for (size_t i = 0; i < c->network_count; i++)
		is_plain &= !c->networks[i].is_internal && !c->networks[i].subnet;
	return is_plain;
}

static void add_network(const struct network_membership *m, struct text *lines)
{
	text_addf(lines, "network %s %d %d %s\n", m->name, m->is_internal, m->is_own, m->subnet ? m->subnet : "-");
	for (size_t i = 0; i < m->aliases.count; i++)
		text_addf(lines, "alias %s\n", m->aliases.items[i]);
}

int app_network_define(int definition, const struct container *c, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	if (c->is_standby && file_replace(definition, STANDBY_FILE, "", 0, 0600, e))
		return -1;
	if (is_said_by_app(c))
		return 0;
	text_addf(&lines, "service %s\n", c->service ? c->service : c->name);
	for (size_t i = 0; i < c->network_count; i++)
		add_network(&c->networks[i], &lines);
	for (size_t i = 0; i < c->port_count; i++) {
		const struct published_port *port = &c->ports[i];

		text_addf(&lines, "port %s %u %u %s %s\n", port->protocol == IPPROTO_UDP ? "udp" : "tcp", port->target, port->published,
			  port->is_dnat ? "dnat" : "host", port->host_ip ? port->host_ip : "-");
	}
	for (size_t i = 0; i < c->neighbours.count; i++)
		text_addf(&lines, "neighbour %s\n", c->neighbours.items[i]);
	return file_replace(definition, NETWORK_FILE, lines.data, lines.length, 0600, e);
}

static bool take_network(struct container *c, const char *line)
{
	char name[WORD], subnet[WORD];
	int is_internal, is_own;
	struct network_membership *m;

	if (sscanf(line, "network %255s %d %d %255s", name, &is_internal, &is_own, subnet) != 4)
		return false;
	m = alloc_append(&c->networks, &c->network_count, sizeof *m);
	*m = (struct network_membership){ .name = alloc_copy(name), .is_internal = is_internal, .is_own = is_own,
					  .subnet = strcmp(subnet, "-") == 0 ? NULL : alloc_copy(subnet), .field = alloc_copy("networks") };
	return true;
}

static bool take_port(struct container *c, const char *line)
{
	char protocol[WORD], mode[WORD], address[WORD];
	unsigned target, published;
	struct published_port *port;

	if (sscanf(line, "port %255s %u %u %255s %255s", protocol, &target, &published, mode, address) != 5 || target > UINT16_MAX ||
	    published > UINT16_MAX)
		return false;
	port = alloc_append(&c->ports, &c->port_count, sizeof *port);
	*port = (struct published_port){ .target = (uint16_t)target, .published = (uint16_t)published,
					 .protocol = strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
					 .is_dnat = strcmp(mode, "dnat") == 0, .field = text_format("ports[%zu]", c->port_count - 1),
					 .host_ip = strcmp(address, "-") == 0 ? NULL : alloc_copy(address) };
	return true;
}

/* Lines that another version of box knows are passed over. */
static void take_line(struct container *c, const char *line)
{
	if (take_network(c, line) || take_port(c, line))
		return;
	if (text_starts(line, "service ")) {
		free(c->service);
		c->service = alloc_copy(line + strlen("service "));
	} else if (text_starts(line, "neighbour ")) {
		list_add(&c->neighbours, line + strlen("neighbour "));
	} else if (text_starts(line, "alias ") && c->network_count) {
		list_add(&c->networks[c->network_count - 1].aliases, line + strlen("alias "));
	}
}

int app_network_read(int definition, struct container *c, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	c->is_standby = faccessat(definition, STANDBY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (file_read(definition, NETWORK_FILE, FILE_LIMIT, &lines, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	container_forget_networks(c);
	for (char *line = lines.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		take_line(c, line);
	}
	return 0;
}
