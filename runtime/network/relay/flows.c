/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.c - flows through the router that have not ended.
 */
#include "runtime/network/relay/flows.h"

#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "base/error.h"

struct count {
	struct in_addr ip4;
	struct in6_addr ip6;
	int64_t flows;
};

/* What answers is who the flow leads to, whatever address it was asked by. */
static bool is_to(const struct nlattr *reply, const struct count *count)
{
	const struct nlattr *part, *address;

	mnl_attr_for_each_nested(part, reply) {
		if (mnl_attr_get_type(part) != CTA_TUPLE_IP)
			continue;
		mnl_attr_for_each_nested(address, part) {
			if (mnl_attr_get_type(address) == CTA_IP_V4_SRC)
				return memcmp(mnl_attr_get_payload(address), &count->ip4, sizeof count->ip4) == 0;
			if (mnl_attr_get_type(address) == CTA_IP_V6_SRC)
				return memcmp(mnl_attr_get_payload(address), &count->ip6, sizeof count->ip6) == 0;
		}
	}
	return false;
}

/* -1: no TCP. */
static int tcp_state(const struct nlattr *info)
{
	const struct nlattr *tcp, *part;

	mnl_attr_for_each_nested(tcp, info) {
		if (mnl_attr_get_type(tcp) != CTA_PROTOINFO_TCP)
			continue;
		mnl_attr_for_each_nested(part, tcp)
			if (mnl_attr_get_type(part) == CTA_PROTOINFO_TCP_STATE)
				return mnl_attr_get_u8(part);
	}
	return -1;
}

static int look_at(const struct nlmsghdr *message, void *data)
{
	struct count *count = data;
	const struct nlattr *attribute;
	bool is_ours = false, is_answered = false;
	int state = -1;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(attribute)) {
		case CTA_TUPLE_REPLY: is_ours = is_to(attribute, count); break;
		case CTA_PROTOINFO: state = tcp_state(attribute); break;
		case CTA_STATUS: is_answered = ntohl(mnl_attr_get_u32(attribute)) & IPS_SEEN_REPLY; break;
		}
	}
	if (is_ours && (state < 0 ? is_answered : state == TCP_CONNTRACK_ESTABLISHED || state == TCP_CONNTRACK_CLOSE_WAIT))
		count->flows++;
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *socket, struct count *count)
{
	static char buffer[64 << 10];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;
	unsigned number = (unsigned)time(NULL), port = mnl_socket_get_portid(socket);
	ssize_t got;
	int result = MNL_CB_OK;

	request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = number;
	header = mnl_nlmsg_put_extra_header(request, sizeof *header);
	*header = (struct nfgenmsg){ .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -1;
	while (result > MNL_CB_STOP) {
		got = mnl_socket_recvfrom(socket, buffer, sizeof buffer);
		if (got < 0)
			return -1;
		result = mnl_cb_run(buffer, (size_t)got, number, port, look_at, count);
	}
	return result;
}

int flows_count(struct in_addr ip4, struct in6_addr ip6, int64_t *ret, struct error *e)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct count count = { .ip4 = ip4, .ip6 = ip6 };
	int result = !socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -1 : dump(socket, &count);

	if (result < 0)
		error_sys(e, "list the flows of a network");
	if (socket)
		(void)mnl_socket_close(socket); /* nothing is lost */
	*ret = count.flows;
	return result < 0 ? -1 : 0;
}
