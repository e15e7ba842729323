/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay_routes.c - the way back of packets whose sender's address the relay has borrowed.
 */
#include "runtime/network/router/relay_routes.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "base/error.h"
#include "base/file.h"

static int ask(struct mnl_socket *socket, struct nlmsghdr *message)
{
	char answer[4096]; /* an acknowledgement with the message that it is about */
	ssize_t got;

	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 || (got = mnl_socket_recvfrom(socket, answer, sizeof answer)) < 0)
		return -1;
	return mnl_cb_run(answer, (size_t)got, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0 && errno != EEXIST ? -1 : 0;
}

static int add_rule(struct mnl_socket *socket, unsigned char family)
{
	_Alignas(struct nlmsghdr) char buffer[256] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct fib_rule_hdr *rule;

	message->nlmsg_type = RTM_NEWRULE;
	message->nlmsg_flags = NLM_F_EXCL;
	rule = mnl_nlmsg_put_extra_header(message, sizeof *rule);
	*rule = (struct fib_rule_hdr){ .family = family, .action = FR_ACT_TO_TBL };
	mnl_attr_put_u32(message, FRA_FWMARK, RELAY_MARK);
	mnl_attr_put_u32(message, FRA_TABLE, RELAY_TABLE);
	return ask(socket, message);
}

static int add_route(struct mnl_socket *socket, unsigned char family)
{
	_Alignas(struct nlmsghdr) char buffer[256] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;

	message->nlmsg_type = RTM_NEWROUTE;
	route = mnl_nlmsg_put_extra_header(message, sizeof *route);
	*route = (struct rtmsg){ .rtm_family = family, .rtm_table = RT_TABLE_UNSPEC, .rtm_protocol = RTPROT_STATIC,
				 .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL };
	mnl_attr_put_u32(message, RTA_TABLE, RELAY_TABLE);
	mnl_attr_put_u32(message, RTA_OIF, if_nametoindex("lo"));
	return ask(socket, message);
}

static int make(struct mnl_socket *socket, struct error *e)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		return error_sys(e, "open a netlink socket");
	for (size_t i = 0; i < 2; i++)
		if ((add_rule(socket, families[i]) || add_route(socket, families[i])) &&
		    !(families[i] == AF_INET6 && (errno == EAFNOSUPPORT || errno == EOPNOTSUPP)))
			return error_sys(e, "make the way back of published ports in the network's namespace");
	return 0;
}

int relay_routes_make(struct error *e)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int result;

	if (!socket)
		return error_sys(e, "open a netlink socket");
	result = make(socket, e);
	(void)mnl_socket_close(socket);
	/* Of this namespace alone. Where it cannot be set, connections in quick succession find a port all the same, from another one. */
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/tcp_tw_reuse", "1");
	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range", "1024 65535");
	return result;
}
