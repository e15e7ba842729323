/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link.c - links between two namespaces of an ordinary user's, made from outside both.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/link.h"
#include "runtime/network/netlink.h"
#include "runtime/supervise/control.h"

/* A process in new user and network namespaces. Its netlink socket comes through here; whatever it is sent is the name of a device, and
 * the answer whether it has that. */
struct holder {
	pid_t pid;
	int socket, netlink, namespace;
};

static _Noreturn void hold(int socket)
{
	struct control_fds fds = { .count = 1 };
	autorelease(text) struct text name = { 0 };
	struct error e = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) || (fds.fds[0] = netlink_open(-1, &e)) < 0)
		_exit(1);
	if (control_send(socket, "netlink", &fds, &e))
		_exit(1);
	while (control_receive(socket, &name, NULL, &e) > 0) {
		if (control_send(socket, if_nametoindex(name.data) ? "yes" : "no", NULL, &e))
			break;
		text_clear(&name);
	}
	_exit(0);
}

static bool begin(struct holder *holder)
{
	autorelease(text) struct text word = { 0 };
	struct control_fds fds = { 0 };
	struct error e = { 0 };
	char path[48];
	int ends[2];

	cr_assert_eq(control_pair(ends, &e), 0, "%s", e.text);
	holder->pid = fork();
	if (holder->pid == 0) {
		close(ends[0]);
		hold(ends[1]);
	}
	close(ends[1]);
	holder->socket = ends[0];
	if (control_receive(ends[0], &word, &fds, &e) <= 0)
		return false;
	holder->netlink = fds.fds[0];
	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder->pid);
	holder->namespace = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(holder->namespace, 0);
	return true;
}

static bool has(struct holder *holder, const char *device)
{
	autorelease(text) struct text word = { 0 };
	struct error e = { 0 };

	cr_assert_eq(control_send(holder->socket, device, NULL, &e), 0, "%s", e.text);
	cr_assert_eq(control_receive(holder->socket, &word, NULL, &e), 1, "%s", e.text);
	return strcmp(word.data, "yes") == 0;
}

Test(link, from_outside)
{
	struct holder router = { 0 }, member = { 0 };
	struct link link = { .router = -1 };
	struct error e = { 0 };
	int own;

	cr_assert(link_parse("m1 1001 02:b0:78:00:00:01 02:b0:78:01:00:01 9000", &link));
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	(void)prctl(PR_SET_DUMPABLE, 1); /* the children's /proc belongs to this user again */
	if (!begin(&router) || !begin(&member))
		cr_skip_test("no user namespaces here");
	link.router = router.netlink;
	cr_assert_eq(link_make(&link, member.namespace, 0, &e), 0, "%s", e.text);
	cr_expect(has(&router, "m1"));
	cr_expect(!has(&router, "eth0"));
	cr_expect(has(&member, "eth0"));
	cr_expect_eq(link_make(&link, member.namespace, 0, &e), -1);
	cr_expect_str_eq(e.text, "make a link to the network: File exists [EEXIST]");
	error_clear(&e);
	/* Not into a namespace of somebody else's: the one that this process is in. */
	cr_assert(link_parse("m2 1002 02:b0:78:00:00:02 02:b0:78:01:00:02 9000", &link));
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	cr_expect_eq(link_make(&link, own, 1, &e), -1);
	cr_expect_eq(e.sys, EPERM);
	close(own);
}

Test(link, words)
{
	unsigned char mac[LINK_MAC];
	struct link link = { .router = -1 };

	cr_expect(!link_parse("m1 1001 02:b0:78:00:00:01", &link));
	cr_expect(!link_parse("", &link));
	cr_assert(link_mac_parse("02:b0:78:01:00:ff", mac));
	cr_expect_eq(mac[5], 0xff);
	cr_expect(!link_mac_parse("02:b0:78:01:00", mac));
	cr_expect(!link_mac_parse("02:b0:78:01:00:01:02", mac));
	cr_expect(!link_mac_parse("-", mac));
}
