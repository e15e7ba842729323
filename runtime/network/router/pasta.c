/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pasta.c - the way out of an ordinary user's network: box-net's side.
 */
#include "runtime/network/router/pasta.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/network/inet.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/pasta_keeper.h"
#include "runtime/supervise/control.h"

/* One that hung for minutes has been seen. MTU: what pasta gives its device at most; it splits nothing, so large is fast. */
enum { DEADLINE_MS = 5000, LOOK_MS = 5, MTU = 65520, BITS4 = 31, BITS6 = 126 };

enum phase { PASTA_IDLE, PASTA_ASKED, PASTA_BEGUN, PASTA_UP };

struct pasta {
	int socket; /* to the keeper; -1: that has ended */
	enum phase phase;
	char device[IF_NAMESIZE];
	bool has4, has6;
	int64_t until_ms; /* in PASTA_BEGUN: so long its device is looked for */
	struct error failure;
};

/* Nobody's child: there is nothing to wait for. */
static bool fork_keeper(int socket)
{
	pid_t pid = fork(), keeper;
	int status = 0;

	if (pid == 0) {
		keeper = fork();
		if (keeper == 0)
			pasta_keep(socket);
		_exit(keeper < 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

struct pasta *pasta_prepare(struct error *e)
{
	struct pasta *pasta;
	bool is_made;
	int ends[2];

	if (control_pair(ends, e))
		return NULL;
	is_made = fork_keeper(ends[1]);
	close(ends[1]);
	if (!is_made) {
		close(ends[0]);
		error_sys(e, "make the process that keeps pasta");
		return NULL;
	}
	pasta = alloc_zeroed(1, sizeof *pasta);
	pasta->socket = ends[0];
	return pasta;
}

struct pasta *pasta_adopt(int socket, const char *device)
{
	struct pasta *pasta = alloc_zeroed(1, sizeof *pasta);

	pasta->socket = socket;
	pasta->phase = PASTA_UP;
	(void)snprintf(pasta->device, sizeof pasta->device, "%s", device); /* it fits */
	return pasta;
}

static int set_up(int socket, int device, struct error *e)
{
	const uint32_t mtu = MTU;
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
	request.link.ifi_index = device;
	request.link.ifi_flags = request.link.ifi_change = IFF_UP;
	netlink_add(&request, IFLA_MTU, &mtu, sizeof mtu);
	return netlink_ask(socket, &request) ? error_sys(e, "bring pasta's device up") : 0;
}

static int add_way(int socket, int device, int version, struct error *e)
{
	const int family = version == 4 ? AF_INET : AF_INET6;
	struct inet_prefix own = { .family = family, .bits = version == 4 ? BITS4 : BITS6 }, peer = { .family = family };

	(void)inet_pton(family, version == 4 ? PASTA_OWN4 : PASTA_OWN6, own.bytes); /* they are addresses */
	(void)inet_pton(family, version == 4 ? PASTA_PEER4 : PASTA_PEER6, peer.bytes);
	if (inet_add_address(socket, (unsigned)device, &own, IFA_F_NODAD))
		return error_sys(e, "give pasta's device its address");
	if (inet_add_route(socket, (unsigned)device, family, /* to= */ NULL, &peer))
		return error_sys(e, "lead the network's default route to pasta");
	return 0;
}

static int configure(const struct pasta *p, int device, struct error *e)
{
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0 || set_up(socket, device, e) || (p->has4 && add_way(socket, device, 4, e)))
		return -1;
	return p->has6 ? add_way(socket, device, 6, e) : 0;
}

/* The device is pasta's first act. It goes with pasta, so one that is there is the new one. */
static void look_for_device(struct pasta *p)
{
	int device = (int)if_nametoindex(p->device);

	if (device && configure(p, device, &p->failure) == 0)
		p->phase = PASTA_UP;
	else if (device)
		p->phase = PASTA_ASKED;
	else if (clock_monotonic_ms() >= p->until_ms) {
		error_set(&p->failure, ERROR_NETWORK, "lead out of the network: pasta made no device within %d s", DEADLINE_MS / 1000);
		p->phase = PASTA_ASKED;
	}
}

static void hear(struct pasta *p)
{
	autorelease(text) struct text message = { 0 };
	struct error e = { 0 };
	int got = control_try_receive(p->socket, &message, NULL, &e);

	if (got < 0 && e.sys == EAGAIN)
		return;
	error_clear(&p->failure);
	if (got <= 0) {
		close(take_fd(&p->socket));
		error_set(&p->failure, ERROR_NETWORK, "lead out of the network: the process that keeps pasta has ended");
		p->phase = PASTA_IDLE;
	} else if (text_starts(message.data, "began ")) {
		p->has4 = strchr(message.data, '4');
		p->has6 = strchr(message.data, '6');
		p->until_ms = clock_monotonic_ms() + DEADLINE_MS;
		p->phase = PASTA_BEGUN;
	} else {
		(void)control_check(message.data, &p->failure);
		p->phase = PASTA_ASKED;
	}
}

void pasta_serve(struct pasta *p)
{
	if (p->socket >= 0)
		hear(p);
	if (p->phase == PASTA_BEGUN)
		look_for_device(p);
}

static int ask(struct pasta *p, const char *device, struct error *e)
{
	autofree char *message = text_format("begin %s", device);
	autoclose int namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct control_fds fds = { .fds = { namespace }, .count = 1 };

	if (namespace < 0)
		return error_sys(e, "open the network namespace of the router");
	(void)snprintf(p->device, sizeof p->device, "%s", device);
	return control_send(p->socket, message, &fds, e);
}

int pasta_begin(struct pasta *p, const char *device, struct error *e)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	int64_t left;

	if (p->socket < 0)
		return error_set(e, ERROR_NETWORK, "lead out of the network: the process that keeps pasta has ended");
	if (ask(p, device, e))
		return -1;
	p->phase = PASTA_ASKED;
	while (p->phase != PASTA_UP && p->failure.kind == ERROR_NONE && (left = until_ms - clock_monotonic_ms()) > 0) {
		struct pollfd poll_one = { .fd = p->socket, .events = POLLIN };
		int deadline = pasta_deadline_ms(p);

		(void)poll(&poll_one, 1, deadline >= 0 && deadline < left ? deadline : (int)left); /* it is looked at in any case */
		pasta_serve(p);
	}
	if (p->phase == PASTA_UP)
		return 0;
	if (p->failure.kind == ERROR_NONE)
		return error_set(e, ERROR_NETWORK, "lead out of the network: pasta did not begin within %d s", DEADLINE_MS / 1000);
	*e = p->failure;
	return -1;
}

int pasta_fd(const struct pasta *p)
{
	return p->socket;
}

int pasta_deadline_ms(const struct pasta *p)
{
	return p->phase == PASTA_BEGUN ? LOOK_MS : -1;
}

bool pasta_is_up(const struct pasta *p)
{
	return p->phase == PASTA_UP;
}

void pasta_free(struct pasta *p)
{
	if (!p)
		return;
	if (p->socket >= 0)
		close(p->socket);
	free(p);
}
