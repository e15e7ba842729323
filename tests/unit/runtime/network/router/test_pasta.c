/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pasta.c - the way out through pasta: what is missing is told, and it ends with whoever holds it. What needs a host of its own
 * (a device for the user, a neighbour) is in tests/system.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/router/uplink.h"
#include "runtime/network/router/uplink_keeper.h"
#include "runtime/supervise/control.h"

enum { SKIPPED = 77 };

/* Root in a user namespace, and a host without any network. A process of its own, because one with threads can have no such namespace. */
static void enter_host(void)
{
	char *uids = text_format("0 %u 1", geteuid()), *gids = text_format("0 %u 1", getegid());

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) || file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") ||
	    file_poke(AT_FDCWD, "/proc/self/uid_map", uids) || file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		_exit(SKIPPED);
	free(uids);
	free(gids);
}

/* Its keeper in a child, or NULL. */
static struct uplink *begin_keeper(void)
{
	struct uplink_keep plan = { .inside = -1, .namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), .folder = -1 };
	struct error e = { 0 };
	int ends[2];
	pid_t pid;

	if (plan.namespace < 0 || control_pair(ends, &e))
		return NULL;
	plan.socket = ends[1];
	pid = fork();
	if (pid == 0)
		pasta_keep(&plan);
	close(ends[1]);
	close(plan.namespace);
	return pid < 0 ? NULL : uplink_new(ends[0], /* is_there= */ false);
}

/* The line of the check that failed, or 0. */
static void expect_in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (status == SKIPPED << 8)
		cr_skip_test("no user namespaces here");
	cr_expect_eq(status, 0, "line %d", status >> 8);
}

static int host_without_route(void)
{
	struct error e = { 0 };
	struct uplink *pasta;
	int64_t begun = clock_monotonic_ms();

	enter_host();
	pasta = begin_keeper();
	if (!pasta || unshare(CLONE_NEWNET))
		return __LINE__;
	uplink_ask(pasta);
	if (uplink_begin(pasta, &e) != -1 || !text_equal(e.text, "lead out of the network: this host has no default route itself"))
		return __LINE__;
	if (clock_monotonic_ms() - begun > 3000 || uplink_is_up(pasta) || uplink_deadline_ms(pasta) != -1)
		return __LINE__;
	uplink_free(pasta);
	return 0;
}

Test(pasta, host_without_route)
{
	expect_in_child(host_without_route);
}

/* Whoever has a copy of its socket keeps it. */
static int keeper_ends(void)
{
	struct pollfd end = { .events = POLLIN };
	struct uplink *pasta;

	enter_host();
	pasta = begin_keeper();
	if (!pasta)
		return __LINE__;
	end.fd = dup(uplink_fd(pasta));
	uplink_free(pasta);
	if (poll(&end, 1, 100) != 0) /* an end of file: it has ended */
		return __LINE__;
	if (shutdown(end.fd, SHUT_WR) || poll(&end, 1, 3000) != 1 || !(end.revents & POLLHUP))
		return __LINE__;
	return 0;
}

Test(pasta, keeper_ends)
{
	expect_in_child(keeper_ends);
}
