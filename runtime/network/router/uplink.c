/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.c - a network's way out: box-net's side. What is said is in uplink_keeper.h.
 */
#include "runtime/network/router/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/inet.h"
#include "runtime/network/netlink.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

/* A pasta that hung for minutes has been seen. */
enum { DEADLINE_MS = 5000, LOOK_MS = 5, LEAD_MS = 2000, LEAD_TRIES = 3, PREFIX_MOST = 64 };

enum phase { UPLINK_IDLE, UPLINK_ASKED, UPLINK_BEGUN, UPLINK_UP };

/* What the device is to have, as the keeper says; "-": nothing. */
struct way {
	unsigned mtu;
	char own4[PREFIX_MOST], peer4[PREFIX_MOST], own6[PREFIX_MOST], peer6[PREFIX_MOST];
};

struct uplink {
	int socket; /* to the keeper; -1: that has ended */
	enum phase phase;
	struct way way;
	int64_t until_ms;   /* in UPLINK_BEGUN: so long its device is looked for */
	bool is_leading;    /* an answer to "settle" is waited for */
	bool has_forgotten; /* "again" came */
	struct error failure;
};

struct uplink *uplink_new(int socket, bool is_there)
{
	struct uplink *uplink = alloc_zeroed(1, sizeof *uplink);

	uplink->socket = socket;
	uplink->phase = is_there ? UPLINK_UP : UPLINK_IDLE;
	return uplink;
}

static int set_up(int socket, unsigned device, unsigned mtu, struct error *e)
{
	const uint32_t bytes = mtu;
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
	request.link.ifi_index = (int)device;
	request.link.ifi_flags = request.link.ifi_change = IFF_UP;
	netlink_add(&request, IFLA_MTU, &bytes, sizeof bytes);
	return netlink_ask(socket, &request) ? error_sys(e, "bring the way out of a network up") : 0;
}

/* "10.203.252.1/31"; false: "-". */
static bool parse_prefix(const char *text, int family, struct inet_prefix *ret)
{
	char address[PREFIX_MOST];

	*ret = (struct inet_prefix){ .family = family, .bits = family == AF_INET ? 32 : 128 };
	return sscanf(text, "%63[^/]/%d", address, &ret->bits) >= 1 && inet_pton(family, address, ret->bytes) == 1;
}

static int add_way(int socket, unsigned device, int family, const char *own_text, const char *peer_text, struct error *e)
{
	struct inet_prefix own, peer;

	if (parse_prefix(own_text, family, &own) && inet_add_address(socket, device, &own, IFA_F_NODAD))
		return error_sys(e, "give the way out of a network its address");
	if (parse_prefix(peer_text, family, &peer) && inet_add_route(socket, device, family, /* to= */ NULL, &peer))
		return error_sys(e, "add the default route of a network");
	return 0;
}

/* The host may have switched it off (disable_ipv6) for new devices of any namespace. */
static bool has_six(void)
{
	autorelease(text) struct text value = { 0 };
	struct error ignored = { 0 };

	return file_read(AT_FDCWD, "/proc/sys/net/ipv6/conf/" NETWORK_UPLINK "/disable_ipv6", PREFIX_MOST, &value, &ignored) == 0 &&
	       value.length && value.data[0] == '0';
}

static int configure(const struct uplink *u, unsigned device, struct error *e)
{
	const struct way *way = &u->way;
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0 || set_up(socket, device, way->mtu, e) || add_way(socket, device, AF_INET, way->own4, way->peer4, e))
		return -1;
	return has_six() ? add_way(socket, device, AF_INET6, way->own6, way->peer6, e) : 0;
}

/* pasta makes its device as its first act, and it goes with pasta, so one that is there is the new one. Root's is there already. */
static void look_for_device(struct uplink *u)
{
	unsigned device = if_nametoindex(NETWORK_UPLINK);

	if (device && configure(u, device, &u->failure) == 0)
		u->phase = UPLINK_UP;
	else if (device)
		u->phase = UPLINK_ASKED;
	else if (clock_monotonic_ms() >= u->until_ms) {
		error_set(&u->failure, ERROR_NETWORK, "lead out of the network: pasta made no device within %d s", DEADLINE_MS / 1000);
		u->phase = UPLINK_ASKED;
	}
}

static int lost(struct error *e)
{
	return error_set(e, ERROR_NETWORK, "lead out of the network: the process that keeps the way out has ended");
}

static void take_words(struct uplink *u, const char *words)
{
	struct way *way = &u->way;

	if (text_starts(words, "began ")) {
		*way = (struct way){ 0 };
		if (sscanf(words, "began %u %63s %63s %63s %63s", &way->mtu, way->own4, way->peer4, way->own6, way->peer6) != 5)
			error_set(&u->failure, ERROR_INTERNAL, "lead out of the network: what its keeper says is not understood");
		u->until_ms = clock_monotonic_ms() + DEADLINE_MS;
		u->phase = UPLINK_BEGUN;
	} else if (strcmp(words, "again") == 0) {
		u->has_forgotten = true;
	} else if (u->is_leading) {
		(void)control_check(words, &u->failure); /* else "settled" */
		u->is_leading = false;
	} else if (strcmp(words, "settled") != 0) {
		(void)control_check(words, &u->failure);
		u->phase = UPLINK_ASKED;
	}
}

static void hear(struct uplink *u)
{
	autorelease(text) struct text message = { 0 };
	struct error e = { 0 };
	int got = control_try_receive(u->socket, &message, NULL, &e);

	if (got < 0 && e.sys == EAGAIN)
		return;
	error_clear(&u->failure);
	if (got > 0) {
		take_words(u, message.data);
		return;
	}
	close(take_fd(&u->socket));
	lost(&u->failure);
	u->phase = UPLINK_IDLE;
	u->is_leading = false;
}

void uplink_serve(struct uplink *u)
{
	if (u->socket >= 0)
		hear(u);
	if (u->phase == UPLINK_BEGUN)
		look_for_device(u);
}

void uplink_ask(struct uplink *u)
{
	if (control_send(u->socket, "begin", NULL, &u->failure) == 0)
		u->phase = UPLINK_ASKED;
}

/* One event, or so long at most. */
static void wait_for_keeper(struct uplink *u, int64_t left_ms)
{
	struct pollfd poll_one = { .fd = u->socket, .events = POLLIN };
	int deadline = uplink_deadline_ms(u);

	(void)poll(&poll_one, 1, deadline >= 0 && deadline < left_ms ? deadline : (int)left_ms); /* it is looked at in any case */
	uplink_serve(u);
}

int uplink_begin(struct uplink *u, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS, left;

	if (u->socket < 0)
		return lost(e);
	while (u->phase != UPLINK_UP && u->failure.kind == ERROR_NONE && (left = until_ms - clock_monotonic_ms()) > 0)
		wait_for_keeper(u, left);
	if (u->phase == UPLINK_UP)
		return 0;
	if (u->failure.kind == ERROR_NONE)
		return error_set(e, ERROR_NETWORK, "lead out of the network: the way out was not there within %d s", DEADLINE_MS / 1000);
	*e = u->failure;
	return -1;
}

static int send_leads(const struct uplink *u, const int *sockets, size_t count, struct error *e)
{
	size_t at = 0;

	do {
		struct control_fds fds = { .count = 0 };

		while (at < count && fds.count < CONTROL_FDS)
			fds.fds[fds.count++] = sockets[at++];
		if (control_send(u->socket, at < count ? "lead" : "settle", &fds, e))
			return -1;
	} while (at < count);
	return 0;
}

int uplink_lead(struct uplink *u, const int *sockets, size_t count, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + LEAD_MS, left;

	for (int i = 0; i < LEAD_TRIES; i++) {
		if (u->socket < 0)
			return lost(e);
		error_clear(&u->failure);
		u->has_forgotten = false;
		u->is_leading = true;
		if (send_leads(u, sockets, count, e))
			return -1;
		while (u->is_leading && !u->has_forgotten && (left = until_ms - clock_monotonic_ms()) > 0)
			wait_for_keeper(u, left);
		if (!u->has_forgotten)
			break;
	}
	if (u->is_leading)
		error_set(&u->failure, ERROR_KERNEL, "lead ports to the network: the process that keeps its way out does not answer");
	u->is_leading = false;
	if (u->failure.kind == ERROR_NONE)
		return 0;
	*e = u->failure;
	error_clear(&u->failure);
	return -1;
}

bool uplink_has_forgotten(struct uplink *u)
{
	bool has_forgotten = u->has_forgotten;

	u->has_forgotten = false;
	return has_forgotten;
}

int uplink_fd(const struct uplink *u)
{
	return u->socket;
}

int uplink_deadline_ms(const struct uplink *u)
{
	return u->phase == UPLINK_BEGUN ? LOOK_MS : -1;
}

bool uplink_is_up(const struct uplink *u)
{
	return u->phase == UPLINK_UP;
}

void uplink_end(struct uplink *u)
{
	if (u && u->socket >= 0)
		(void)shutdown(u->socket, SHUT_RDWR); /* the keeper sees the end */
}

void uplink_free(struct uplink *u)
{
	if (!u)
		return;
	if (u->socket >= 0)
		close(u->socket);
	free(u);
}
