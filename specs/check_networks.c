/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_networks.c - rules for networks and published ports of app.json.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/problems.h"

enum { ALIAS_MOST = 253, PORT_MOST = 65535 };

/* What a resolver asks for: labels of letters, digits, "-" and "_". */
static bool is_host_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t length = strlen(name);

	return length && length <= ALIAS_MOST && strspn(name, letters) == length && name[0] != '.' && name[0] != '-' &&
	       name[length - 1] != '.' && !strstr(name, "..");
}

static int check_network(const struct app *app, size_t at, struct problems *p)
{
	const struct app_network *network = &app->networks[at];

	if (!name_is_plain(network->name) &&
	    app_unexpected(p, "a letter or digit, then up to 127 letters, digits, \"_\", \".\" or \"-\"", network->name, "networks"))
		return -1;
	for (size_t i = 0; i < at; i++) {
		if (strcmp(app->networks[i].name, network->name) != 0)
			continue;
		error_set(p->e, ERROR_SPEC, "\"%.80s\" is there twice", network->name);
		error_at(p->e, "networks");
		if (problems_add(p))
			return -1;
	}
	for (size_t i = 0; i < network->aliases.count; i++)
		if (!is_host_name(network->aliases.items[i]) &&
		    app_unexpected(p, "a host name", network->aliases.items[i], "networks.%s.aliases[%zu]", network->name, i))
			return -1;
	return 0;
}

int check_networks(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->network_count; i++)
		if (check_network(app, i, p))
			return -1;
	return 0;
}

static int check_host(const char *name, const char *address, struct problems *p)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (!is_host_name(name))
		return app_unexpected(p, "a host name", name, "extra_hosts");
	if (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1)
		return 0;
	error_set(p->e, ERROR_SPEC, "expected an address such as \"192.0.2.7\", found \"%.80s\"", address);
	if (strcmp(address, "host-gateway") == 0)
		error_hint(p->e, "an address of the host that others on its network reach; its loopback is reached by nobody inside");
	error_at(p->e, "extra_hosts.%s", name);
	return problems_add(p);
}

int check_extra_hosts(const struct app *app, struct problems *p)
{
	bool is_alone = !app->is_service && !app->network_count && !app->port_count;
	bool has_none = app_has(app, "network_mode") ? app->network_mode != NETWORK_CHOICE_PRIVATE : is_alone;

	for (size_t i = 0; i < app->extra_hosts.count; i++) {
		const char *equals = strchr(app->extra_hosts.items[i], '=');
		autofree char *name = alloc_copy_bytes(app->extra_hosts.items[i], (size_t)(equals - app->extra_hosts.items[i]));

		if (check_host(name, equals + 1, p))
			return -1;
	}
	if (!has_none || !app->extra_hosts.count)
		return 0;
	error_set(p->e, ERROR_SPEC, "it is in no network, and box writes no /etc/hosts for it");
	error_at(p->e, "extra_hosts");
	error_hint(p->e, "\"network_mode\": \"private\"; or a file of its own: \"volumes\": [\"./hosts:/etc/hosts:ro\"]");
	return problems_add(p);
}

int check_ports(const struct app *app, struct problems *p)
{
	unsigned char address[sizeof(struct in6_addr)];

	for (size_t i = 0; i < app->port_count; i++) {
		const char *protocol = app->ports[i].protocol, *host = app->ports[i].host_ip;

		if (protocol && strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0 &&
		    app_unexpected(p, "\"tcp\" or \"udp\"", protocol, "ports[%zu].protocol", i))
			return -1;
		if (host && inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1 &&
		    app_unexpected(p, "an address such as \"127.0.0.1\" or \"::1\"", host, "ports[%zu].host_ip", i))
			return -1;
		if ((app->ports[i].target > app->ports[i].published ? app->ports[i].target : app->ports[i].published) + app->ports[i].count >
		    PORT_MOST + 1) {
			error_set(p->e, ERROR_SPEC, "%jd ports from there on are more than there are", (intmax_t)app->ports[i].count);
			error_at(p->e, "ports[%zu].count", i);
			if (problems_add(p))
				return -1;
		}
	}
	if (app->port_count && app_has(app, "network_mode") && app->network_mode != NETWORK_CHOICE_PRIVATE)
		return app_unexpected(p, "\"private\", since ports are published", app->network_mode == NETWORK_CHOICE_HOST ? "host" : "none",
				      "network_mode");
	if (app->network_count && app_has(app, "network_mode")) {
		error_set(p->e, ERROR_SPEC, "\"networks\" and \"network_mode\" exclude each other");
		error_at(p->e, "networks");
		return problems_add(p);
	}
	return 0;
}
