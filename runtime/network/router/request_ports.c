/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ports.c - published ports: publish, withdraw, ports.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/router/dnat.h"
#include "runtime/network/router/ports.h"
#include "runtime/network/router/request.h"
#include "runtime/network/router/router.h"
#include "runtime/network/words.h"

enum { PORTS_AT_ONCE = 500 };

static struct service *find_service(const struct router *r, const char *name, struct error *e)
{
	struct service *service = services_find(&r->services, name);

	if (!service || !members_find_service(&r->members, name)) {
		error_set(e, ERROR_MISSING, "find the service %.80s in the network %s: nobody of it is in it", name, r->run.name);
		return NULL;
	}
	return service;
}

/* A line's words behind the first. */
static int read_port(const struct router *r, const struct list *line, struct host_port *ret, struct error *e)
{
	autorelease(text) struct text words = { 0 };

	for (size_t i = 1; i < line->count; i++)
		text_addf(&words, "%s%s", i > 1 ? " " : "", line->items[i]);
	if (words.length && host_port_read(words.data, ret))
		return 0;
	return error_set(e, ERROR_INTERNAL, "publish in the network %s: \"%.80s\" is no port", r->run.name, words.length ? words.data : "");
}

static bool is_line(const struct list *line, const char *word)
{
	return strcmp(line->items[0], word) == 0;
}

static int publish_line(struct router *r, struct request *request, const char *service, const struct list *line, size_t *socket,
			struct error *e)
{
	struct host_port port;

	if (!is_line(line, "port") && !is_line(line, "lead"))
		return 0;
	if (read_port(r, line, &port, e))
		return -1;
	if (is_line(line, "port"))
		port.fd = request_take(request, (*socket)++);
	if (port.fd < 0 && is_line(line, "port"))
		return error_set(e, ERROR_KERNEL, "publish in the network %s: its process cannot open another file (hard limit %d)", r->run.name,
				 process_most_files());
	if (r->ports.count >= NETWORK_PORTS_MOST) {
		if (port.fd >= 0)
			close(port.fd);
		return error_set(e, ERROR_UNSUPPORTED, "publish in the network %s: it has %d ports, which is the most", r->run.name, NETWORK_PORTS_MOST);
	}
	return ports_publish(r, service, &port, e);
}

/* Beside a standby the service goes on as it is: ports that are there lead where they led. */
int request_publish(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	const struct service *service = find_service(r, request->words.items[1], e);
	bool is_standby = false, has_more = false;
	size_t socket = 0;

	if (!service)
		return -1;
	for (size_t i = 0; i < request->line_count; i++) {
		is_standby |= is_line(&request->lines[i], "standby");
		has_more |= is_line(&request->lines[i], "more");
	}
	for (size_t i = 0; i < request->line_count; i++)
		if (!(is_standby && is_line(&request->lines[i], "lead")) &&
		    publish_line(r, request, service->name, &request->lines[i], &socket, e))
			return -1;
	if (!has_more)
		ports_settle(r, service);
	if (!has_more && r->ports.dnat.failure)
		text_addf(answer, "\nwarning %s", r->ports.dnat.failure);
	return 0;
}

int request_withdraw(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	const char *service = request->words.items[1];

	(void)answer;
	if (!request->line_count)
		ports_withdraw(r, service, NULL);
	for (size_t i = 0; i < request->line_count; i++) {
		struct host_port port;

		if (read_port(r, &request->lines[i], &port, e))
			return -1;
		ports_withdraw(r, service, &port);
	}
	dnat_settle(r);
	return 0;
}

/* From a number on, as many as a message has room for. */
int request_ports(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	int64_t from, found = 0;

	if (number_parse(request->words.items[2], 0, NETWORK_PORTS_MOST, &from))
		return error_set(e, ERROR_USAGE, "ask for ports: \"%.40s\" is no number", request->words.items[2]);
	for (size_t i = 0; i < r->ports.count; i++) {
		const struct published *published = &r->ports.items[i];

		if (strcmp(published->service, request->words.items[1]) != 0 || found++ < from || found > from + PORTS_AT_ONCE)
			continue;
		text_add(answer, "\nport ");
		host_port_print(&published->port, answer);
	}
	return 0;
}
