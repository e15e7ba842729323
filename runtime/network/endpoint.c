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

/* An address of either family, with its prefix where the text has one. */
struct prefix {
	int family;
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t length;
	int bits;
};

static int parse(const char *text, struct prefix *ret, struct error *e)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	int64_t bits = 0;

	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	ret->length = ret->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	if (text[length] && number_parse(text + length + 1, 0, (int64_t)ret->length * 8, &bits))
		return error_set(e, ERROR_INTERNAL, "read an address of the network: \"%.60s\"", text);
	ret->bits = text[length] ? (int)bits : (int)ret->length * 8;
	(void)snprintf(address, sizeof address, "%.*s", (int)length, text); /* what is cut is no address */
	if (inet_pton(ret->family, address, ret->bytes) == 1)
		return 0;
	return error_set(e, ERROR_INTERNAL, "read an address of the network: \"%.60s\"", text);
}

static int add_address(int netlink, unsigned device, const struct prefix *own, struct error *e)
{
	const uint32_t flags = IFA_F_NODAD | IFA_F_NOPREFIXROUTE;
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.address);
	request.address = (struct ifaddrmsg){ .ifa_family = (uint8_t)own->family, .ifa_prefixlen = (uint8_t)own->bits, .ifa_index = device };
	netlink_add(&request, IFA_LOCAL, own->bytes, own->length);
	netlink_add(&request, IFA_ADDRESS, own->bytes, own->length);
	netlink_add(&request, IFA_FLAGS, &flags, sizeof flags);
	return netlink_ask(netlink, &request) ? error_sys(e, "give the container its address") : 0;
}

static int add_neighbour(int netlink, unsigned device, const struct prefix *router, const char *mac, struct error *e)
{
	unsigned char bytes[LINK_MAC];
	struct netlink_request request;

	if (!link_mac_parse(mac, bytes))
		return error_set(e, ERROR_INTERNAL, "read a hardware address of the network: \"%.40s\"", mac);
	netlink_begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.neighbour);
	request.neighbour = (struct ndmsg){ .ndm_family = (uint8_t)router->family, .ndm_ifindex = (int)device, .ndm_state = NUD_PERMANENT };
	netlink_add(&request, NDA_DST, router->bytes, router->length);
	netlink_add(&request, NDA_LLADDR, bytes, sizeof bytes);
	return netlink_ask(netlink, &request) ? error_sys(e, "write down the hardware address of the container's router") : 0;
}

/* to NULL: everything. gateway NULL: on the link itself. */
static int add_route(int netlink, unsigned device, const struct prefix *to, const struct prefix *gateway, int family, struct error *e)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.route);
	request.route = (struct rtmsg){ .rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)(to ? to->bits : 0),
					.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
					.rtm_scope = gateway || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
					.rtm_type = RTN_UNICAST };
	if (to)
		netlink_add(&request, RTA_DST, to->bytes, to->length);
	if (gateway)
		netlink_add(&request, RTA_GATEWAY, gateway->bytes, gateway->length);
	netlink_add(&request, RTA_OIF, &device, sizeof device);
	return netlink_ask(netlink, &request) ? error_sys(e, "add a route of the container") : 0;
}

struct family_texts {
	const char *own, *router, *subnet;
};

static int set_up_family(const struct endpoint *endpoint, const struct endpoint_device *d, const struct family_texts *texts,
			 struct error *e)
{
	unsigned device = LINK_INSIDE_BASE + d->number;
	struct prefix own, router, subnet;

	if (parse(texts->own, &own, e) || parse(texts->router, &router, e) || parse(texts->subnet, &subnet, e) ||
	    add_address(endpoint->netlink, device, &own, e))
		return -1;
	if (add_neighbour(endpoint->netlink, device, &router, d->router_mac, e))
		return -1;
	if (add_route(endpoint->netlink, device, &router, /* gateway= */ NULL, own.family, e) ||
	    add_route(endpoint->netlink, device, &subnet, &router, own.family, e))
		return -1;
	return d->is_default ? add_route(endpoint->netlink, device, /* to= */ NULL, &router, own.family, e) : 0;
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
