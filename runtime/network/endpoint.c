/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.c - a container's own network namespace.
 *
 * Every container has single addresses (/32, /128), and no neighbour but the router, whose hardware address is written down.
 */
#include "runtime/network/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "runtime/network/inet.h"
#include "runtime/network/link.h"
#include "runtime/network/netlink.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

enum { DNS_PORT = 53, BACKLOG = 64, LOOPBACK = 1 };

static int open_resolver(int type, struct error *e)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT), .sin_addr = { inet_addr(NETWORK_RESOLVER) } };
	autoclose int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) || (type == SOCK_STREAM && listen(fd, BACKLOG)))
		return error_sys(e, "open the container's name server on " NETWORK_RESOLVER);
	return take_fd(&fd);
}

static int set_link_up(int netlink, unsigned device, struct error *e)
{
	return netlink_set_up(netlink, device) ? error_sys(e, "bring a device of the container up") : 0;
}

static int open_all(struct endpoint *endpoint, struct error *e)
{
	/* Devices to come make no addresses by themselves, and take none from what they hear: there is nobody to say anything. */
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1"); /* a kernel without IPv6 has neither */
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/accept_ra", "0");
	/* Who is outside may claim to be a member of another network (relay_connect.c has the same for IPv6): it comes by the wrong device. */
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/conf/default/rp_filter", "1");
	endpoint->netlink = netlink_open(/* namespace= */ -1, e);
	if (endpoint->netlink < 0 || set_link_up(endpoint->netlink, LOOPBACK, e))
		return -1;
	endpoint->udp = open_resolver(SOCK_DGRAM, e);
	if (endpoint->udp < 0)
		return -1;
	endpoint->tcp = open_resolver(SOCK_STREAM, e);
	return endpoint->tcp < 0 ? -1 : 0;
}

/* This process has one thread, which goes there and back. Nothing of the container runs in it yet. */
static int open_as_root(struct endpoint *endpoint, struct error *e)
{
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int result;

	if (own < 0)
		return error_sys(e, "open box's network namespace");
	if (setns(endpoint->namespace, CLONE_NEWNET))
		return error_sys(e, "enter the container's network namespace");
	result = open_all(endpoint, e);
	if (setns(own, CLONE_NEWNET))
		return error_sys(e, "return to box's network namespace");
	return result;
}

static _Noreturn void open_inside(struct endpoint *endpoint, int user, int socket)
{
	struct control_fds fds = { .count = 0 };
	struct error e = { 0 };
	autorelease(text) struct text answer = { 0 };

	if (setns(user, CLONE_NEWUSER) || setns(endpoint->namespace, CLONE_NEWNET))
		error_sys(&e, "enter the container's network namespace");
	else
		(void)open_all(endpoint, &e); /* e tells */
	fds = (struct control_fds){ .fds = { endpoint->netlink, endpoint->udp, endpoint->tcp }, .count = 3 };
	if (e.kind == ERROR_NONE)
		_exit(control_send(socket, "ok", &fds, &e) != 0);
	control_add_failure(&e, &answer);
	_exit(control_send(socket, answer.data, NULL, &e) != 0);
}

/* An ordinary user gets there by the container's user namespace alone, and from that there is no way back: another process goes, and sends
 * what it has opened. What box does with the netlink socket it may do as the owner of that user namespace (link.h). */
static int open_as_user(struct endpoint *endpoint, int pid, struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	autofree char *path = text_format("/proc/%d/ns/user", pid);
	autoclose int user = open(path, O_RDONLY | O_CLOEXEC), ours = -1, theirs = -1;
	struct control_fds fds = { .count = 0 };
	int ends[2], got;
	pid_t child;

	if (user < 0)
		return error_sys(e, "open the container's user namespace");
	if (control_pair(ends, e))
		return -1;
	ours = ends[0];
	theirs = ends[1];
	child = fork();
	if (child == 0)
		open_inside(endpoint, user, theirs);
	if (child < 0)
		return error_sys(e, "make a process that enters the container's network namespace");
	close(take_fd(&theirs)); /* its end is the end of file */
	got = control_receive(ours, &answer, &fds, e);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (got > 0 && control_check(answer.data, e))
		return -1;
	if (got <= 0 || fds.count != 3) {
		control_fds_close(&fds);
		return got < 0 ? -1 : error_set(e, ERROR_INTERNAL, "enter the container's network namespace: the process that does it died");
	}
	endpoint->netlink = fds.fds[0];
	endpoint->udp = fds.fds[1];
	endpoint->tcp = fds.fds[2];
	return 0;
}

int endpoint_open(struct endpoint *endpoint, int pid, struct error *e)
{
	autofree char *path = text_format("/proc/%d/ns/net", pid);

	*endpoint = (struct endpoint){ -1, -1, -1, -1 };
	endpoint->namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (endpoint->namespace < 0)
		return error_sys(e, "open the container's network namespace");
	return geteuid() == 0 ? open_as_root(endpoint, e) : open_as_user(endpoint, pid, e);
}

void endpoint_close(struct endpoint *endpoint)
{
	int *const fds[] = { &endpoint->namespace, &endpoint->netlink, &endpoint->udp, &endpoint->tcp };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
}

static int parse(const char *text, struct inet_prefix *ret, struct error *e)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	int64_t bits;

	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	bits = ret->family == AF_INET ? 32 : 128;
	if (text[length] && number_parse(text + length + 1, 0, bits, &bits))
		return error_set(e, ERROR_INTERNAL, "read an address of the network: \"%.60s\"", text);
	ret->bits = (int)bits;
	(void)snprintf(address, sizeof address, "%.*s", (int)length, text); /* what is cut is no address */
	if (inet_pton(ret->family, address, ret->bytes) == 1)
		return 0;
	return error_set(e, ERROR_INTERNAL, "read an address of the network: \"%.60s\"", text);
}

static int add_router(int netlink, unsigned device, const struct inet_prefix *router, const char *mac, struct error *e)
{
	unsigned char bytes[LINK_MAC];

	if (!link_mac_parse(mac, bytes))
		return error_set(e, ERROR_INTERNAL, "read a hardware address of the network: \"%.40s\"", mac);
	if (inet_add_neighbour(netlink, device, router, bytes))
		return error_sys(e, "write down the hardware address of the container's router");
	return 0;
}

struct family_texts {
	const char *own, *router, *subnet;
};

static int set_up_family(const struct endpoint *endpoint, const struct endpoint_device *d, const struct family_texts *texts,
			 struct error *e)
{
	unsigned device = LINK_INSIDE_BASE + d->number;
	struct inet_prefix own, router, subnet;

	if (parse(texts->own, &own, e) || parse(texts->router, &router, e) || parse(texts->subnet, &subnet, e))
		return -1;
	if (inet_add_address(endpoint->netlink, device, &own, IFA_F_NODAD | IFA_F_NOPREFIXROUTE))
		return error_sys(e, "give the container its address");
	if (add_router(endpoint->netlink, device, &router, d->router_mac, e))
		return -1;
	if (inet_add_route(endpoint->netlink, device, own.family, &router, /* gateway= */ NULL) ||
	    inet_add_route(endpoint->netlink, device, own.family, &subnet, &router) ||
	    (d->is_default && inet_add_route(endpoint->netlink, device, own.family, /* to= */ NULL, &router)))
		return error_sys(e, "add a route of the container");
	return 0;
}

int endpoint_set_up(const struct endpoint *endpoint, const struct endpoint_device *d, struct error *e)
{
	const struct family_texts ip4 = { d->ip4, d->router4, d->subnet4 }, ip6 = { d->ip6, d->router6, d->subnet6 };

	if (set_link_up(endpoint->netlink, LINK_INSIDE_BASE + d->number, e) || set_up_family(endpoint, d, &ip4, e))
		return -1;
	if (strcmp(d->ip6, "-") == 0 || set_up_family(endpoint, d, &ip6, e) == 0)
		return 0;
	/* A host that does not want IPv6 in new namespaces has it off in this one. */
	if (e->sys != EACCES && e->sys != EOPNOTSUPP && e->sys != EAFNOSUPPORT)
		return -1;
	error_clear(e);
	return 0;
}
