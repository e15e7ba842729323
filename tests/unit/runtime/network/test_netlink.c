/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_netlink.c - messages of rtnetlink: their form, and the kernel's answers about loopback.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/network/netlink.h"

Test(netlink, attributes)
{
	struct netlink_request request;
	const struct rtattr *found;
	char large[NETLINK_ATTRIBUTES] = { 0 };
	uint32_t before;

	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE, sizeof request.address);
	netlink_add(&request, IFA_LABEL, "abc", 3);
	netlink_add(&request, IFA_FLAGS, &(uint32_t){ 7 }, sizeof(uint32_t));
	cr_expect_eq(request.header.nlmsg_len, NLMSG_LENGTH(sizeof request.address) + 8 + 8);
	cr_expect_eq(request.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
	found = netlink_find(&request.header, sizeof request.address, IFA_LABEL);
	cr_assert_not_null(found);
	cr_expect_eq(RTA_PAYLOAD(found), 3u);
	cr_expect_arr_eq(RTA_DATA(found), "abc", 3);
	found = netlink_find(&request.header, sizeof request.address, IFA_FLAGS);
	cr_assert_not_null(found);
	cr_expect_eq(*(const uint32_t *)RTA_DATA(found), 7u);
	cr_expect_null(netlink_find(&request.header, sizeof request.address, IFA_LOCAL));
	/* What does not fit is not written. */
	before = request.header.nlmsg_len;
	netlink_add(&request, IFA_LOCAL, large, sizeof large);
	cr_expect_eq(request.header.nlmsg_len, before);
	/* A message without any, and one that is cut. */
	netlink_begin(&request, RTM_NEWADDR, 0, sizeof request.address);
	cr_expect_null(netlink_find(&request.header, sizeof request.address, IFA_LABEL));
	request.header.nlmsg_len = NLMSG_LENGTH(2);
	cr_expect_null(netlink_find(&request.header, sizeof request.address, IFA_LABEL));
}

static int find_loopback(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *name = netlink_find(message, sizeof *link, IFLA_IFNAME);

	if (!name || strcmp(RTA_DATA(name), "lo") != 0)
		return 0;
	*(int *)data = link->ifi_index;
	return 1;
}

Test(netlink, kernel)
{
	struct netlink_request request;
	struct error e = { 0 };
	int fd = netlink_open(-1, &e), index = 0;

	cr_assert_geq(fd, 0, "%s", e.text);
	for (int i = 0; i < 2; i++) { /* the socket can be used again */
		netlink_begin(&request, RTM_GETLINK, 0, sizeof request.link);
		cr_assert_eq(netlink_list(fd, &request, find_loopback, &index), 0);
		cr_expect_eq((unsigned)index, if_nametoindex("lo"));
	}
	cr_expect_eq(netlink_set_up(fd, 0x7ffffff), -1);
	cr_expect(errno == ENODEV || errno == EPERM, "%s", strerror(errno));
	close(fd);
}
