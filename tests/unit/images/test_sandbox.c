/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sandbox.c - which calls the filter of the process that fetches lets through: those of TCP and UDP, with nothing beside them.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "images/unpack/sandbox.h"

enum { MULTIPATH_TCP = 262, DONE = 0, BROKEN = 200 };

static int pair(int type)
{
	int ends[2];

	return socketpair(AF_UNIX, type, 0, ends);
}

static int datagrams_of_this_host(void) { return pair(SOCK_DGRAM); }
static int a_wake_up_pair(void) { return pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK); }
static int unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static int ping(void) { return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }
static int raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_RAW); }
static int multipath(void) { return socket(AF_INET6, SOCK_STREAM, MULTIPATH_TCP); }
static int tcp(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP); }
static int any_stream(void) { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); }
static int udp(void) { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }
static int type_into_a_terminal(void) { return ioctl(STDERR_FILENO, TIOCSTI, "x"); }
static int bytes_that_wait(void)
{
	int count, ends[2];

	return pair(SOCK_STREAM) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || ioctl(ends[0], FIONREAD, &count) ? -1 : 0;
}
static int open_to_tracers(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
static int name_a_thread(void) { return prctl(PR_SET_NAME, "box", 0, 0, 0); }

/* The errno that attempt leaves behind the filter, DONE where it succeeds. */
static int behind_filter(int (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct error e = { 0 };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sandbox_seccomp(/* has_network= */ true, &e))
			_exit(BROKEN);
		_exit(attempt() < 0 ? errno : DONE);
	}
	cr_assert(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(sandbox, the_fetcher_has_sockets_of_tcp_and_udp_alone)
{
	static const struct {
		const char *what;
		int (*attempt)(void);
		int expected;
	} cases[] = {
		{ "datagrams between processes of the host", datagrams_of_this_host, EPERM },
		{ "a socket of the host", unix_socket, EPERM },
		{ "ICMP", ping, EPERM },
		{ "raw packets", raw, EPERM },
		{ "another protocol of the same family", multipath, EPERM },
		{ "keys for a terminal", type_into_a_terminal, EPERM },
		{ "a process that others may trace", open_to_tracers, EPERM },
		{ "TCP", tcp, DONE },
		{ "TCP by its type", any_stream, DONE },
		{ "UDP", udp, DONE },
		{ "libcurl's pair", a_wake_up_pair, DONE },
		{ "the resolver's question", bytes_that_wait, DONE },
		{ "a thread's name", name_a_thread, DONE },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_eq(behind_filter(cases[i].attempt), cases[i].expected, "%s: errno %d", cases[i].what,
			     behind_filter(cases[i].attempt));
}
