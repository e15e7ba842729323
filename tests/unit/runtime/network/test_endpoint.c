/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_endpoint.c - a container's own network namespace, made by a process of the test in a new one of its own.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/network/endpoint.h"
#include "runtime/network/words.h"

/* The port of 127.0.0.11 that the socket is bound to, or 0. */
static int resolver_port(int socket)
{
	struct sockaddr_in address = { 0 };
	socklen_t length = sizeof address;

	if (getsockname(socket, (struct sockaddr *)&address, &length) || address.sin_addr.s_addr != inet_addr(NETWORK_RESOLVER))
		return 0;
	return ntohs(address.sin_port);
}

static bool is_up(const char *device)
{
	struct ifreq request = { 0 };
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(request.ifr_name, device, strlen(device));
	return ioctl(socket_fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
}

/* The number of what was wrong. */
static int open_own(void)
{
	struct endpoint endpoint, again;
	struct error e = { 0 }, taken = { 0 };

	if (is_up("lo"))
		return 1;
	if (endpoint_open(&endpoint, getpid(), &e))
		return 2;
	if (!is_up("lo"))
		return 3;
	if (resolver_port(endpoint.udp) != 53 || resolver_port(endpoint.tcp) != 53)
		return 4;
	/* Who has the name server's place already is an error, and what was opened is closed by the caller. */
	if (endpoint_open(&again, getpid(), &taken) == 0 || taken.sys != EADDRINUSE)
		return 5;
	endpoint_close(&again);
	endpoint_close(&endpoint);
	return endpoint.namespace == -1 && endpoint.tcp == -1 && endpoint_open(&endpoint, getpid(), &e) == 0 ? 0 : 6;
}

/* Its address is one, and its link was never made. */
static int set_up_without_link(void)
{
	const struct endpoint_device device = { .ip4 = "10.1.0.5", .router4 = "10.1.0.1", .subnet4 = "10.1.0.0/24", .ip6 = "-",
						.router_mac = "02:00:00:00:00:01" };
	struct endpoint endpoint;
	struct error e = { 0 };

	if (endpoint_open(&endpoint, getpid(), &e))
		return 1;
	return endpoint_set_up(&endpoint, &device, &e) == 0 || e.sys != ENODEV ? 2 : 0;
}

static int in_new_namespace(int (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) ? 99 : act());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(network_endpoint, loopback_and_the_name_server_s_sockets)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_expect_eq(in_new_namespace(open_own), 0);
}

Test(network_endpoint, a_device_that_is_not_there)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_expect_eq(in_new_namespace(set_up_without_link), 0);
}

Test(network_endpoint, a_process_that_has_ended)
{
	struct endpoint endpoint;
	struct error e = { 0 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(endpoint_open(&endpoint, pid, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
	endpoint_close(&endpoint); /* nothing was opened, and nothing else is closed */
	cr_expect_geq(fcntl(STDERR_FILENO, F_GETFD), 0);
}
