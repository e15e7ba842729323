/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - table "inet box" and forwarding in the host's own network namespace.
 */
#include "runtime/network/router/host.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <malloc.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/forwarding.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/host_link.h"
#include "runtime/network/words.h"

enum { LOCK_TRIES = 2000, LOCK_STEP_US = 1000, UPLINKS = 512, MONITOR_ROOM = 1 << 20 };

/* The same for every network. Rules are flushed first, sets are not: what other networks have put into them stays. */
static const char table[] =
	"add table inet box\n"
	"add set inet box opened4 { type ifname; }\n"
	"add set inet box opened6 { type ifname; }\n"
	"add chain inet box first { type filter hook prerouting priority raw; policy accept; }\n"
	"add chain inet box forward { type filter hook forward priority filter - 5; policy accept; }\n"
	"add chain inet box input { type filter hook input priority filter - 5; policy accept; }\n"
	"add chain inet box out { type nat hook postrouting priority srcnat; policy accept; }\n"
	"flush chain inet box first\n"
	"flush chain inet box forward\n"
	"flush chain inet box input\n"
	"flush chain inet box out\n"
	/* What is published on loopback is reached by loopback alone, also where route_localnet is on. */
	"add rule inet box first iifname != \"lo\" ip daddr 127.0.0.0/8 counter drop\n"
	"add rule inet box forward iifname \"" NETWORK_HOST_LINK "*\" oifname \"" NETWORK_HOST_LINK "*\" counter drop\n"
	"add rule inet box forward iifname \"" NETWORK_HOST_LINK "*\" ip saddr != 10.203.252.0/22 counter drop\n"
	"add rule inet box forward iifname \"" NETWORK_HOST_LINK "*\" accept\n"
	"add rule inet box forward oifname \"" NETWORK_HOST_LINK "*\" ct state established,related accept\n"
	"add rule inet box forward oifname \"" NETWORK_HOST_LINK "*\" ct status dnat accept\n"
	"add rule inet box forward oifname \"" NETWORK_HOST_LINK "*\" counter drop\n"
	"add rule inet box forward meta nfproto ipv4 iifname @opened4 counter drop\n"
	"add rule inet box forward meta nfproto ipv6 iifname @opened6 counter drop\n"
	/* A container reaches of the host what a neighbour reaches; not by the addresses that only uplinks have. */
	"add rule inet box input iifname \"" NETWORK_HOST_LINK "*\" ct state established,related accept\n"
	"add rule inet box input iifname \"" NETWORK_HOST_LINK "*\" ip daddr 10.203.252.0/22 icmp type echo-request accept\n"
	"add rule inet box input iifname \"" NETWORK_HOST_LINK "*\" ip daddr 10.203.252.0/22 counter drop\n"
	"add rule inet box input iifname \"" NETWORK_HOST_LINK "*\" meta l4proto 58 accept\n"
	"add rule inet box input iifname \"" NETWORK_HOST_LINK "*\" ip6 daddr fc00::/7 fib daddr . iif type local counter drop\n"
	"add rule inet box out iifname \"" NETWORK_HOST_LINK "*\" masquerade\n";

/* The lock of host_prepare. */
static void let_go(struct host *host)
{
	if (host->lock >= 0)
		close(take_fd(&host->lock));
}

void host_release(struct host *host)
{
	let_go(host);
	if (host->note >= 0)
		close(take_fd(&host->note));
	if (host->monitor >= 0)
		close(take_fd(&host->monitor));
	free(take_ptr(&host->ports));
	list_release(&host->interfaces);
}

/* A process that waits has no use for what libnftables keeps, nor for the memory that it had: a megabyte. */
static int run(const char *commands, struct error *e)
{
	struct firewall *firewall = firewall_open(e);
	int result = firewall ? firewall_run(firewall, commands, e) : -1;

	firewall_free(firewall);
	(void)malloc_trim(0); /* whether there was something to give back */
	return result;
}

/* The lock of a network namespace: a setting that each has one of, and that nobody but its root can open. It is a file of the kernel's, so
 * there is no folder that had to be the same for all state folders, and nothing to clean up. Where a kernel shows none, it is the file that
 * stands for the namespace, which anybody can lock: so nobody waits for ever, and what is done under it is right without it but for an
 * uplink that comes in the moment in which the last one goes. */
static int open_lock(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_fastopen_key", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : fd;
}

/* Goes on without it where somebody keeps it for seconds. */
static void wait_for_lock(int fd, int kind)
{
	for (int i = 0; i < LOCK_TRIES && flock(fd, kind | LOCK_NB); i++)
		usleep(LOCK_STEP_US);
}

static int lock(void)
{
	int fd = open_lock();

	if (fd >= 0)
		wait_for_lock(fd, LOCK_EX);
	return fd;
}

static int open_monitor(struct host *host, struct error *e)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 << (NFNLGRP_NFTABLES - 1) };
	const int room = MONITOR_ROOM;

	host->monitor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	/* Each port that is led is heard of, too. Where there is less room, what does not fit is noticed below. */
	(void)setsockopt(host->monitor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (host->monitor < 0 || bind(host->monitor, (const struct sockaddr *)&address, sizeof address))
		return error_sys(e, "watch the host's packet filter");
	return 0;
}

static int assert_table(struct host *host, struct error *e)
{
	autorelease(text) struct text commands = { 0 };

	text_add(&commands, table);
	forwarding_add_elements(host->networks, &commands);
	text_add(&commands, host->ports ? host->ports : "");
	return run(commands.data, e);
}

/* For a sweep: there is something to put back. Locked by each keeper that is there to do it, and by whoever does it for them all. */
static int note(struct host *host, struct error *e)
{
	struct stat its = { 0 };

	while (host->note < 0) {
		autoclose int fd = openat(host->networks, NETWORK_HOST_NOTE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return error_sys(e, "note that the host has rules of box");
		wait_for_lock(fd, LOCK_SH);
		if (fstat(fd, &its))
			return error_sys(e, "look at the note that the host has rules of box");
		if (its.st_nlink) /* else the last one has just removed it */
			host->note = take_fd(&fd);
	}
	return 0;
}

/* Whether another keeper of this state folder is there, or about to begin. */
static bool is_shared(const struct host *host)
{
	return host->note >= 0 && flock(host->note, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

int host_prepare(struct host *host, struct error *e)
{
	if (note(host, e)) /* first, so that who is about to clear the host leaves it as it is */
		return -1;
	host->lock = lock();
	if (open_monitor(host, e) == 0 && forwarding_note(host->networks, &host->interfaces, e) == 0 && assert_table(host, e) == 0)
		return 0;
	let_go(host);
	return -1;
}

int host_begin(struct host *host, struct error *e)
{
	int result = forwarding_begin(host->link->name, e);

	for (size_t i = 0; result == 0 && i < host->interfaces.count; i++)
		result = forwarding_begin(host->interfaces.items[i], e);
	let_go(host);
	return result || network_step("host", e) ? -1 : 0;
}

int host_lead(struct host *host, const char *commands, struct error *e)
{
	const char *uplink = host->link->name;

	free(host->ports);
	host->ports = text_format("add chain inet box ports_%s { type nat hook prerouting priority dstnat; policy accept; }\n"
				  "flush chain inet box ports_%s\n%s", uplink, uplink, commands);
	return assert_table(host, e);
}

/* The chain of an uplink that has gone. */
static void add_removal(const char *uplink, struct text *to)
{
	text_addf(to, "add chain inet box ports_%s\nflush chain inet box ports_%s\ndelete chain inet box ports_%s\n", uplink, uplink, uplink);
}

/* Whether one of the messages tells that a table has gone. */
static bool has_gone(const char *buffer, size_t length)
{
	int left = (int)length;

	for (const struct nlmsghdr *m = (const void *)buffer; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		if (NFNL_SUBSYS_ID(m->nlmsg_type) == NFNL_SUBSYS_NFTABLES && NFNL_MSG_TYPE(m->nlmsg_type) == NFT_MSG_DELTABLE)
			return true;
	return false;
}

/* This network's own chain, where it has one: another keeper may have made the rest again. */
static bool lacks_table(const struct host *host)
{
	autofree char *chain = text_format("ports_%s", host->link->name);

	return firewall_lacks_chain(host->ports ? chain : "forward");
}

int host_serve(struct host *host, struct error *e)
{
	static _Alignas(struct nlmsghdr) char buffer[64 << 10];
	bool is_gone = false, has_lost = false;
	ssize_t got;

	while ((got = recv(host->monitor, buffer, sizeof buffer, 0)) > 0 || (got < 0 && (errno == EINTR || errno == ENOBUFS))) {
		has_lost |= got < 0 && errno == ENOBUFS;
		is_gone |= got > 0 && has_gone(buffer, (size_t)got);
	}
	/* What was lost may have told it. It is looked for, and not just written again: what that makes heard could be too much each time. */
	return is_gone || (has_lost && lacks_table(host)) ? assert_table(host, e) : 0;
}

/* Any uplink but this one: of another network, or of another state folder. */
static bool has_other(const struct host_link *own)
{
	struct if_nameindex *all = if_nameindex();
	bool has = !all; /* nobody knows: all stays as it is */

	for (const struct if_nameindex *i = all; i && i->if_index; i++)
		has |= text_starts(i->if_name, NETWORK_HOST_LINK) && strspn(i->if_name + strlen(NETWORK_HOST_LINK), "0123456789") ==
		       strlen(i->if_name + strlen(NETWORK_HOST_LINK)) && !(own && own->index == i->if_index);
	if (all)
		if_freenameindex(all);
	return has;
}

/* Of all uplinks that are gone. */
static void add_removals(struct text *to)
{
	for (unsigned i = 0; i < UPLINKS; i++) {
		autofree char *name = text_format(NETWORK_HOST_LINK "%u", i);

		if (!if_nametoindex(name))
			add_removal(name, to);
	}
}

/* Unless another network has its name by now. */
static int end_leads(const struct host *host, struct error *e)
{
	autorelease(text) struct text commands = { 0 };
	unsigned index = if_nametoindex(host->link->name);

	if (!host->ports || (index && index != host->link->index))
		return 0;
	text_add(&commands, "add table inet box\n");
	add_removal(host->link->name, &commands);
	return run(commands.data, e);
}

int host_end_leads(struct host *host, struct error *e)
{
	int result;

	if (host->lock < 0) /* else it was never begun */
		host->lock = lock();
	result = end_leads(host, e);
	let_go(host);
	return result;
}

static int end_all_leads(struct error *e)
{
	autorelease(text) struct text commands = { 0 };

	text_add(&commands, "add table inet box\n");
	add_removals(&commands);
	return run(commands.data, e);
}

static int clear(struct host *host, struct error *e)
{
	if (has_other(host->link) || is_shared(host)) {
		if (host->link)
			return 0;
		/* Of another state folder, which clears the host after itself. */
		(void)unlinkat(host->networks, NETWORK_HOST_NOTE, 0);
		return end_all_leads(e);
	}
	forwarding_end(host->networks);
	if (firewall_remove(e))
		return -1;
	(void)unlinkat(host->networks, NETWORK_HOST_NOTE, 0); /* another network's end may have been faster */
	return 0;
}

int host_end(struct host *host, struct error *e)
{
	int result;

	host->lock = lock();
	result = clear(host, e);
	let_go(host);
	return result;
}
