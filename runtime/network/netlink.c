/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.c - the few messages of rtnetlink(7) that box needs.
 *
 * The kernel is the only one that answers: messages from anybody else are not read (netlink(7), nl_pid).
 */
#include "runtime/network/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { ANSWER_SIZE = 32 << 10 }; /* what the kernel fills at most for a list (NLMSG_GOODSIZE and above) */

static int open_here(struct error *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? error_sys(e, "open a netlink socket") : fd;
}

/* A socket stays in the namespace where it was made. This process has one thread, which goes there and back. */
int netlink_open(int namespace, struct error *e)
{
	autoclose int own = -1;
	autoclose int fd = -1;

	if (namespace < 0)
		return open_here(e);
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return error_sys(e, "open box's network namespace");
	if (setns(namespace, CLONE_NEWNET))
		return error_sys(e, "enter the container's network namespace");
	fd = open_here(e);
	if (setns(own, CLONE_NEWNET))
		return error_sys(e, "return to box's network namespace");
	return take_fd(&fd);
}

void netlink_begin(struct netlink_request *request, unsigned short type, unsigned short flags, size_t size)
{
	*request = (struct netlink_request){ 0 };
	request->header = (struct nlmsghdr){ .nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type,
					     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = 1 };
}

void netlink_add(struct netlink_request *request, unsigned short type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	const struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type };

	if (at + RTA_SPACE(length) > sizeof *request)
		return; /* the callers' attributes are names, addresses and numbers, few of each */
	memcpy((char *)request + at, &attribute, sizeof attribute);
	if (length)
		memcpy((char *)request + at + RTA_LENGTH(0), data, length);
	request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

size_t netlink_nest(struct netlink_request *request, unsigned short type)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	netlink_add(request, type, NULL, 0);
	return at;
}

void netlink_end(struct netlink_request *request, size_t nest)
{
	struct rtattr *attribute = (void *)((char *)request + nest);

	attribute->rta_len = (unsigned short)(NLMSG_ALIGN(request->header.nlmsg_len) - nest);
}

void netlink_add_struct(struct netlink_request *request, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	if (at + length > sizeof *request)
		return; /* as above */
	memcpy((char *)request + at, data, length);
	request->header.nlmsg_len = (uint32_t)(at + length);
}

static int send_request(int socket, const struct netlink_request *request)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	while (sendto(socket, request, request->header.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static ssize_t receive(int socket, void *buffer, size_t size)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof from;
		ssize_t got = recvfrom(socket, buffer, size, MSG_TRUNC, (struct sockaddr *)&from, &length);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got < 0 || from.nl_pid != 0)
			continue;
		if ((size_t)got <= size)
			return got;
		errno = EMSGSIZE;
		return -1;
	}
}

static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = NLMSG_DATA(message);

	errno = message->nlmsg_len < NLMSG_LENGTH(sizeof *answer) ? EPROTO : -answer->error;
	return errno ? -1 : 0;
}

int netlink_list(int socket, struct netlink_request *request, int (*visit)(const struct nlmsghdr *message, void *data), void *data)
{
	static _Alignas(struct nlmsghdr) char buffer[ANSWER_SIZE];
	int found = 0;

	request->header.nlmsg_flags |= NLM_F_DUMP;
	if (send_request(socket, request))
		return -1;
	for (;;) {
		ssize_t got = receive(socket, buffer, sizeof buffer);

		if (got < 0)
			return -1;
		for (const struct nlmsghdr *m = (const void *)buffer; NLMSG_OK(m, (size_t)got); m = NLMSG_NEXT(m, got)) {
			if (m->nlmsg_type == NLMSG_DONE)
				return 0;
			if (m->nlmsg_type == NLMSG_ERROR)
				return error_of(m);
			if (!found) /* the rest of the answer is read all the same: the socket is used again */
				found = visit(m, data);
		}
	}
}

int netlink_ask(int socket, struct netlink_request *request)
{
	_Alignas(struct nlmsghdr) char buffer[4096];
	const struct nlmsghdr *message = (const void *)buffer;
	ssize_t got;

	request->header.nlmsg_flags |= NLM_F_ACK;
	if (send_request(socket, request) || (got = receive(socket, buffer, sizeof buffer)) < 0)
		return -1;
	if (NLMSG_OK(message, (size_t)got) && message->nlmsg_type == NLMSG_ERROR)
		return error_of(message);
	errno = EPROTO;
	return -1;
}

int netlink_set_up(int socket, unsigned device)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
	request.link.ifi_index = (int)device;
	request.link.ifi_flags = request.link.ifi_change = IFF_UP;
	return netlink_ask(socket, &request);
}

const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t size, unsigned short type)
{
	size_t rest = message->nlmsg_len - NLMSG_LENGTH(0);
	const struct rtattr *attribute = (const void *)((const char *)NLMSG_DATA(message) + NLMSG_ALIGN(size));

	if (rest < NLMSG_ALIGN(size))
		return NULL;
	rest -= NLMSG_ALIGN(size);
	for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest))
		if (attribute->rta_type == type)
			return attribute;
	return NULL;
}
