/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_ports.c - the host's sockets of published ports.
 */
#include "runtime/network/host_ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/network/port_holder.h"
#include "runtime/supervise/control.h"
#include "specs/container.h"

enum { BACKLOG = 4096, FREE_TRIES = 16, LINE_MOST = 96 };

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t fill(const struct host_port *port, union address *ret)
{
	*ret = (union address){ 0 };
	if (inet_pton(AF_INET, port->address, &ret->four.sin_addr) == 1) {
		ret->four.sin_family = AF_INET;
		ret->four.sin_port = htons(port->published);
		return sizeof ret->four;
	}
	(void)inet_pton(AF_INET6, port->address, &ret->six.sin6_addr); /* it is checked with the spec */
	ret->six.sin6_family = AF_INET6;
	ret->six.sin6_port = htons(port->published);
	return sizeof ret->six;
}

/* Listens at once: two sockets that do not listen yet could have one port, and the first client may come while the app starts. */
static int open_socket(const struct host_port *port)
{
	static const int yes = 1;
	bool is_stream = port->protocol == IPPROTO_TCP;
	union address address;
	socklen_t length = fill(port, &address);
	autoclose int fd = socket(address.any.sa_family, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (address.any.sa_family == AF_INET6 && setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &yes, sizeof yes)))
		return -1;
	/* What of an earlier run is in TIME_WAIT is in nobody's way. */
	if (is_stream && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes))
		return -1;
	if (bind(fd, &address.any, length) || (is_stream && listen(fd, BACKLOG)))
		return -1;
	return take_fd(&fd);
}

static int note_number(struct host_port *port)
{
	union address own;
	socklen_t length = sizeof own;

	if (getsockname(port->fd, &own.any, &length))
		return -1;
	port->published = ntohs(own.four.sin_port); /* at the same place in both families */
	return 0;
}

static int refused(const struct published_port *wish, const struct host_port *port, struct error *e)
{
	int why = errno;
	autofree char *holder = why == EADDRINUSE ? port_holder(port->protocol, port->published) : NULL;

	if (why == EADDRINUSE)
		error_set(e, ERROR_EXISTS, "publish %s port %d of %s: %s has it already", port_protocol_word(port->protocol), port->published,
			  port->address, holder ? holder : "somebody");
	else if (why == EACCES)
		error_set(e, ERROR_DENIED, "publish %s port %d of %s: only root may listen on it", port_protocol_word(port->protocol),
			  port->published, port->address);
	else if (why == EMFILE || why == ENFILE)
		error_set(e, ERROR_KERNEL, "publish %s port %d of %s: %s may not open another file (hard limit %d)",
			  port_protocol_word(port->protocol), port->published, port->address, why == EMFILE ? "this process" : "this host",
			  process_most_files());
	else if (why == EADDRNOTAVAIL)
		error_set(e, ERROR_MISSING, "publish %s port %d of %s: this host does not have the address", port_protocol_word(port->protocol),
			  port->published, port->address);
	else
		error_sys(e, "publish %s port %d of %s", port_protocol_word(port->protocol), port->published, port->address);
	e->sys = why;
	if (why == EADDRINUSE)
		error_hint(e, "another \"published\" port works beside it; without one, box takes one that is free (box port tells which)");
	if (why == EACCES)
		error_hint(e, "as root: sysctl net.ipv4.ip_unprivileged_port_start=%d; or publish a port from 1024 on", port->published);
	return error_at(e, "%s", wish->field);
}

/* What box-net holds for this wish: the same socket, or, where any port does, one to the same target. */
static const struct host_port *find_held(const struct host_ports *held, const struct host_port *port)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct host_port *there = &held->items[i];

		if ((port->published ? there->published == port->published : there->target == port->target) &&
		    there->protocol == port->protocol && strcmp(there->address, port->address) == 0)
			return there;
	}
	return NULL;
}

static int bind_one(const struct host_ports *held, struct host_port *port)
{
	const struct host_port *there = find_held(held, port);

	if (there) {
		port->published = there->published;
		port->fd = -1;
		return 0;
	}
	port->fd = open_socket(port);
	return port->fd < 0 || note_number(port) ? -1 : 0;
}

static void add(struct host_ports *ports, const struct host_port *port)
{
	struct host_port *place = alloc_append(&ports->items, &ports->count, sizeof *place);

	*place = *port;
}

static bool lacks_six(int why)
{
	return why == EADDRNOTAVAIL || why == EAFNOSUPPORT;
}

/* Both loopback addresses with one number. *ret is the one that failed, with errno. */
static int bind_loopback(const struct host_ports *held, const struct host_port *wish, struct host_ports *ports, struct host_port *ret)
{
	for (int tries = wish->published ? 1 : FREE_TRIES;; tries--) {
		struct host_port four = *wish, six = *wish;
		int why;

		memcpy(four.address, "127.0.0.1", sizeof "127.0.0.1");
		memcpy(six.address, "::1", sizeof "::1");
		*ret = four;
		if (bind_one(held, &four))
			return -1;
		six.published = four.published;
		*ret = six;
		if (bind_one(held, &six) == 0) {
			add(ports, &four);
			add(ports, &six);
			return 0;
		}
		if (lacks_six(errno)) {
			add(ports, &four);
			return 0;
		}
		why = errno;
		if (four.fd >= 0)
			close(four.fd);
		errno = why;
		if (tries <= 1 || why != EADDRINUSE)
			return -1;
	}
}

static int bind_wish(const struct published_port *wish, const struct host_ports *held, struct host_ports *ports, struct error *e)
{
	struct host_port port = { .protocol = wish->protocol, .target = wish->target, .published = wish->published, .is_dnat = wish->is_dnat,
				  .fd = -1 };

	if (!wish->host_ip) {
		struct host_port failed;

		return bind_loopback(held, &port, ports, &failed) ? refused(wish, &failed, e) : 0;
	}
	memcpy(port.address, wish->host_ip, strnlen(wish->host_ip, sizeof port.address - 1));
	if (bind_one(held, &port))
		return refused(wish, &port, e);
	add(ports, &port);
	return 0;
}

void host_ports_read(const struct list *held, struct host_ports *ret)
{
	struct host_port port;

	for (size_t i = 0; held && i < held->count; i++)
		if (host_port_read(held->items[i], &port))
			add(ret, &port);
}

int host_ports_bind(const struct container *c, const struct list *held, struct host_ports *ret, struct error *e)
{
	struct host_ports ports = { 0 }, there = { 0 };
	int result = 0;

	host_ports_read(held, &there);
	for (size_t i = 0; result == 0 && i < c->port_count; i++)
		result = bind_wish(&c->ports[i], &there, &ports, e);
	host_ports_release(&there);
	if (result)
		host_ports_release(&ports);
	else
		*ret = ports;
	return result;
}

void host_ports_release(struct host_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].fd >= 0)
			close(ports->items[i].fd);
	free(ports->items);
	*ports = (struct host_ports){ 0 };
}

bool host_ports_add_lines(const struct host_ports *ports, size_t *at, struct text *words, struct control_fds *fds)
{
	size_t from = *at;

	for (; *at < ports->count && fds->count < CONTROL_FDS && words->length + LINE_MOST < CONTROL_MOST; ++*at) {
		const struct host_port *port = &ports->items[*at];

		text_add(words, port->fd >= 0 ? "\nport " : "\nlead ");
		host_port_print(port, words);
		if (port->fd >= 0)
			fds->fds[fds->count++] = port->fd;
	}
	return *at > from;
}

static const struct host_port *find_same(const struct host_ports *ports, const struct host_port *port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (host_port_is_same(&ports->items[i], port))
			return &ports->items[i];
	return NULL;
}

void host_ports_add_others(const struct host_ports *ports, const struct list *held, struct list *ret)
{
	for (size_t i = 0; i < held->count; i++) {
		struct host_port there;

		if (host_port_read(held->items[i], &there) && !find_same(ports, &there))
			list_add(ret, held->items[i]);
	}
}

static bool is_taken(const struct host_port *port)
{
	autoclose int fd = open_socket(port);

	return fd < 0 && errno == EADDRINUSE;
}

void host_ports_leave_taken(struct list *noted)
{
	struct list taken = { 0 };
	struct host_port port;

	for (size_t i = 0; i < noted->count; i++)
		if (host_port_read(noted->items[i], &port) && is_taken(&port))
			list_add(&taken, noted->items[i]);
	list_release(noted);
	*noted = taken;
}

void host_ports_again(const struct list *noted, const struct list *now, struct host_ports *ret)
{
	struct host_ports wanted = { 0 }, there = { 0 };

	host_ports_read(noted, &wanted);
	host_ports_read(now, &there);
	for (size_t i = 0; i < wanted.count; i++) {
		struct host_port port = wanted.items[i];
		const struct host_port *same = find_same(&there, &port);

		if (same && same->target == port.target && same->is_dnat == port.is_dnat)
			continue;
		port.fd = same ? -1 : open_socket(&port);
		if (same || port.fd >= 0)
			add(ret, &port);
	}
	host_ports_release(&wanted);
	host_ports_release(&there);
}
