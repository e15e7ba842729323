/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide_ports.c - what people should know of a container's published ports before it runs.
 */
#include "cli/wide_ports.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/report.h"
#include "runtime/network/port_line.h"
#include "specs/container.h"

enum { SHOWN = 8 };

/* Rules of the host are root's: an ordinary user's ports are all relayed. */
static bool goes_round(const struct published_port *port)
{
	return port->is_dnat && geteuid() == 0;
}

static bool is_wide(const struct published_port *port)
{
	return port->host_ip && !text_starts(port->host_ip, "127.") && strcmp(port->host_ip, "::1") != 0;
}

static void add_port(const struct published_port *port, struct text *ret)
{
	text_addf(ret, strchr(port->host_ip, ':') ? "[%s]:" : "%s:", port->host_ip);
	if (port->published)
		text_addf(ret, "%d->", port->published);
	text_addf(ret, "%d/%s", port->target, port_protocol_word(port->protocol));
}

static void say(const struct container *container, bool is_dnat, const char *what)
{
	autorelease(text) struct text line = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < container->port_count; i++) {
		const struct published_port *port = &container->ports[i];

		if (!is_wide(port) || goes_round(port) != is_dnat || ++count > SHOWN)
			continue;
		text_add(&line, count > 1 ? ", " : what);
		add_port(port, &line);
	}
	if (count > SHOWN)
		text_addf(&line, " and %zu more", count - SHOWN);
	if (count)
		report_line(line.data);
}

void wide_ports_say(const struct container *container)
{
	say(container, /* is_dnat= */ false, "published to everybody whom this host's INPUT rules let in: ");
	say(container, /* is_dnat= */ true, "published to everybody, round this host's INPUT rules (mode dnat): ");
}
