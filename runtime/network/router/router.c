/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router.c - the beginning of a box-net: its files, and a network namespace of its own.
 */
#include "runtime/network/router/router.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/names/upstream.h"
#include "runtime/network/router/confine.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/known.h"
#include "runtime/network/router/links.h"
#include "runtime/network/router/rules.h"
#include "runtime/network/router/split.h"
#include "runtime/network/router/uplink.h"
#include "runtime/network/router/uplink_keeper.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

enum { EXIT_BROKEN = 125 };

static const struct line_row rows[] = { NETWORK_RUN_ROWS };

static int open_watch(struct router *r, struct error *e)
{
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->epoll < 0 || r->watch < 0 || inotify_add_watch(r->watch, r->run.state, IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0)
		return error_sys(e, "watch the folder %s", r->run.state);
	return router_watch(r, r->watch, ROUTER_STATES, e) || router_watch(r, r->listener, ROUTER_LISTENER, e) ? -1 : 0;
}

int router_open(struct router *r, int folder, int listener, struct error *e)
{
	*r = (struct router){ .folder = folder, .states = -1, .networks = -1, .listener = listener,
			      .epoll = -1, .watch = -1, .addresses = { .folder = -1 },
			      .spare = { .socket = -1, .pidfd = -1 }, .upstream = -1, .uplink_socket = -1 };
	if (lines_read(folder, NETWORK_RUN_NOTE, rows, &r->run, e))
		return -1;
	if (!r->run.name || !r->run.subnet || !r->run.prefix6 || !r->run.state || !r->run.apps)
		return error_set(e, ERROR_INTERNAL, "begin a network: the file \"run\" is damaged");
	r->states = open(r->run.state, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r->networks = openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->states < 0 || r->networks < 0)
		return error_sys(e, "open the folder %s", r->run.state);
	return open_watch(r, e) || addresses_open(&r->addresses, &r->run, e) ? -1 : 0;
}

/* The spare has the socket, too, and so the process behind it outlives this one. */
static int open_modules(struct router *r, struct error *e)
{
	int upstream = r->upstream < 0 ? -1 : fcntl(r->upstream, F_DUPFD_CLOEXEC, 3);

	if (known_begin(r, upstream, e) || ports_begin(r, e))
		return -1;
	r->firewall = firewall_open(e);
	return r->firewall ? 0 : -1;
}

int router_furnish(struct router *r, struct error *e)
{
	struct error missing = { 0 };

	if (network_step("rules", e) || rules_begin(r->firewall, &r->addresses, e))
		return -1;
	if (!r->uplink)
		return 0;
	if (network_step("uplink", e) || router_watch(r, uplink_fd(r->uplink), ROUTER_UPLINK, e))
		return -1;
	if (!r->run.is_rootless)
		return uplink_begin(r->uplink, e);
	/* An ordinary user's network is of use without a way out, too: what the host lacks for one is told to those who join. */
	if (uplink_begin(r->uplink, &missing))
		r->warning = text_format("the network %s: %s%s%s", r->run.name, missing.text, missing.hint[0] ? "; " : "", missing.hint);
	return 0;
}

/* Outside, for good. */
static _Noreturn void stay(const struct router *r, const struct split *split, int socket, int answers)
{
	const struct uplink_keep plan = { .socket = socket, .inside = split->pidfd, .namespace = split->namespace, .folder = r->folder,
					  .prefix6 = r->addresses.prefix6, .has_ip6 = r->addresses.has_ip6 };
	struct error e = { 0 };

	if (r->run.is_internal)
		_exit(0); /* nothing leads out */
	if (r->run.is_rootless)
		pasta_keep(&plan);
	if (upstream_begin(answers, &e)) {
		autorelease(text) struct text message = { 0 };
		struct error ignored = { 0 };

		control_add_failure(&e, &message);
		(void)control_send(socket, message.data, NULL, &ignored); /* its end tells something, too */
		_exit(EXIT_BROKEN);
	}
	host_keep(&plan);
}

/* The process that asks name servers: a user's begins before there is a user namespace, in which it could not become nobody; root's while
 * the other half is at work. */
static int open_upstream(struct router *r, int *ret_answers, struct error *e)
{
	struct upstream_ends ends = { -1, -1 };

	if (r->run.is_internal)
		return 0;
	if (upstream_open(&ends, e))
		return -1;
	r->upstream = ends.asks;
	*ret_answers = ends.answers;
	return r->run.is_rootless ? upstream_begin(ends.answers, e) : 0;
}

static int split(struct router *r, struct error *e)
{
	autoclose int inside = -1, outside = -1, answers = -1;
	struct split halves;
	int ends[2];
	pid_t pid;

	if (open_upstream(r, &answers, e) || control_pair(ends, e))
		return -1;
	inside = ends[0];
	outside = ends[1];
	pid = split_begin(&halves, e);
	if (pid > 0)
		stay(r, &halves, outside, answers);
	if (pid < 0 || r->run.is_internal)
		return pid;
	r->uplink_socket = fcntl(inside, F_DUPFD_CLOEXEC, 3);
	r->uplink = uplink_new(take_fd(&inside), /* is_there= */ false);
	return 0;
}

int router_enter(struct router *r, struct error *e)
{
	if (network_step("namespace", e) || split(r, e) || open_modules(r, e) || network_step("links", e) || links_begin(&r->addresses, e))
		return -1;
	if (r->uplink)
		uplink_ask(r->uplink); /* its keeper works meanwhile */
	return 0;
}

int router_confine(const struct router *r, struct error *e)
{
	const uint32_t held = 1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | 1U << CAP_NET_BIND_SERVICE;
	const struct confine plan = { .files = r->addresses.folder, .own = r->folder, .shared = r->networks, .has_tcp = true };

	/* NET_RAW and NET_BIND_SERVICE are for transparent sockets and the ports of clients. */
	return confine_powers(held, e) || confine(&plan, e) ? -1 : 0;
}

/* What the kernel has is there; what this process has of it is opened again. */
int router_resume(struct router *r, const struct router *old, struct error *e)
{
	if (router_open(r, old->folder, old->listener, e))
		return -1;
	r->upstream = old->upstream;
	r->uplink_socket = old->uplink_socket;
	if (open_modules(r, e))
		return -1;
	if (r->uplink_socket < 0)
		return 0;
	r->uplink = uplink_new(fcntl(r->uplink_socket, F_DUPFD_CLOEXEC, 3), /* is_there= */ true);
	return router_watch(r, uplink_fd(r->uplink), ROUTER_UPLINK, e);
}

int router_lock(const struct router *r, bool waits)
{
	autoclose int lock = openat(r->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return lock < 0 || flock(lock, LOCK_EX | (waits ? 0 : LOCK_NB)) ? -1 : take_fd(&lock);
}

void router_remove_folder(const struct router *r)
{
	autorelease(list) struct list names = { 0 };

	(void)folder_names(r->folder, &names); /* what stays says so below */
	for (size_t i = 0; i < names.count; i++)
		(void)unlinkat(r->folder, names.items[i], 0);
	(void)unlinkat(r->networks, r->run.name, AT_REMOVEDIR); /* where it stays the next sweep, or the next box-net of this name, finds it */
}

void router_give_up(struct router *r)
{
	autoclose int lock = r->networks < 0 || !r->run.name ? -1 : router_lock(r, /* waits= */ true);

	if (lock >= 0)
		router_remove_folder(r);
}

void router_release(struct router *r)
{
	int *const fds[] = { &r->folder, &r->states, &r->networks, &r->listener, &r->epoll, &r->watch, &r->upstream, &r->uplink_socket };

	ports_release(&r->ports);
	resolver_free(r->resolver);
	uplink_free(r->uplink);
	firewall_free(r->firewall);
	members_release(&r->members);
	services_release(&r->services);
	addresses_release(&r->addresses);
	lines_release(rows, &r->run);
	for (size_t i = 0; i < r->connection_count; i++)
		close(r->connections[i]);
	free(r->connections);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
}
