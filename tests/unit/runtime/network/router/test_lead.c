/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lead.c - which sockets are ports that can be led past the relay, and the rule that leads them.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/host_link.h"
#include "runtime/network/router/lead.h"

enum { SKIPPED = 77, PORT = 7022 };

static int bound(int family, int type, const char *address, int protocol)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(family, type, protocol);

	(void)inet_pton(family, address, family == AF_INET ? (void *)&four.sin_addr : &six.sin6_addr);
	if (family == AF_INET)
		cr_assert_eq(bind(fd, (const struct sockaddr *)&four, sizeof four), 0);
	else
		cr_assert_eq(bind(fd, (const struct sockaddr *)&six, sizeof six), 0);
	return fd;
}

static bool is_lead(int fd)
{
	struct lead lead;
	bool is = lead_of_socket(fd, &lead);

	close(fd);
	return is;
}

/* Its addresses are there. */
static bool set_loopback_up(void)
{
	struct error e = { 0 };
	autoclose int socket = netlink_open(/* namespace= */ -1, &e);

	return socket >= 0 && netlink_set_up(socket, /* device= */ 1) == 0;
}

static int refused(void)
{
	int ends[2], foreign;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return SKIPPED;
	foreign = bound(AF_INET, SOCK_STREAM, "0.0.0.0", 0);
	if (unshare(CLONE_NEWNET) || !set_loopback_up() || is_lead(foreign) || !is_lead(bound(AF_INET, SOCK_STREAM, "0.0.0.0", 0)) ||
	    !is_lead(bound(AF_INET6, SOCK_DGRAM, "::", 0)))
		return __LINE__;
	if (is_lead(bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 0)) || is_lead(bound(AF_INET, SOCK_DGRAM, "127.1.2.3", 0)) ||
	    is_lead(bound(AF_INET6, SOCK_STREAM, "::1", 0)) || is_lead(bound(AF_INET6, SOCK_STREAM, "::ffff:127.0.0.1", 0)))
		return __LINE__;
	if (is_lead(socket(AF_INET, SOCK_STREAM, 0)) || is_lead(socket(AF_INET6, SOCK_DGRAM, 0)) || is_lead(socket(AF_NETLINK, SOCK_RAW, 0)))
		return __LINE__;
	/* It has the number of UDP for a port. */
	if (is_lead(bound(AF_INET, SOCK_RAW, "0.0.0.0", IPPROTO_UDP)))
		return __LINE__;
	if (pipe(ends) || is_lead(ends[0]) || is_lead(ends[1]) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || is_lead(ends[0]))
		return __LINE__;
	return 0;
}

Test(lead, sockets)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(refused());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (status == SKIPPED << 8)
		cr_skip_test("no user namespaces here");
	cr_expect_eq(status, 0, "line %d", status >> 8);
}

static void expect_rules(const struct lead *leads, size_t count, const char *expected)
{
	struct host_link link = { .name = "bx7", .number = 7 };
	autorelease(text) struct text rule = { 0 };

	(void)inet_pton(AF_INET6, "fd00:1::", &link.prefix6);
	leads_print(leads, count, &link, &rule);
	cr_expect_str_eq(rule.data ? rule.data : "", expected);
}

/* Whatever the port is, it leads to the same port of the router's end of the link: by one rule for all of a kind. */
Test(lead, rules)
{
	struct lead leads[] = { { .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80 },
				{ .family = AF_INET6, .protocol = IPPROTO_UDP, .port = 53 },
				{ .family = AF_INET, .protocol = IPPROTO_UDP, .port = 53 },
				{ .family = AF_INET, .protocol = IPPROTO_TCP, .port = 443 } };

	expect_rules(leads, 0, "");
	expect_rules(leads, 4,
		     "add rule inet box ports_bx7 iifname != \"bx*\" fib daddr type local meta nfproto ipv4 meta l4proto . th dport "
		     "{ 6 . 80, 17 . 53, 6 . 443 } dnat ip to 10.203.252.15\n"
		     "add rule inet box ports_bx7 iifname != \"bx*\" fib daddr type local meta nfproto ipv6 meta l4proto . th dport "
		     "{ 17 . 53 } dnat ip6 to fd00:1::ffff:ffff:ffff:ffff\n");
	(void)inet_pton(AF_INET, "192.0.2.1", &leads[0].address);
	(void)inet_pton(AF_INET6, "2001:db8::1", &leads[1].address);
	expect_rules(leads, 3,
		     "add rule inet box ports_bx7 iifname != \"bx*\" fib daddr type local ip daddr . meta l4proto . th dport "
		     "{ 192.0.2.1 . 6 . 80 } dnat ip to 10.203.252.15\n"
		     "add rule inet box ports_bx7 iifname != \"bx*\" fib daddr type local ip6 daddr . meta l4proto . th dport "
		     "{ 2001:db8::1 . 17 . 53 } dnat ip6 to fd00:1::ffff:ffff:ffff:ffff\n"
		     "add rule inet box ports_bx7 iifname != \"bx*\" fib daddr type local meta nfproto ipv4 meta l4proto . th dport "
		     "{ 17 . 53 } dnat ip to 10.203.252.15\n");
}
