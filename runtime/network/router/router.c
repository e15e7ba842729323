/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router.c - the beginning of a box-net: its files, and a network namespace of its own.
 */
#include "runtime/network/router/router.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/names/upstream.h"
#include "runtime/network/router/firewall.h"
#include "runtime/network/router/hooks.h"
#include "runtime/network/router/known.h"
#include "runtime/network/router/links.h"
#include "runtime/network/router/pasta.h"
#include "runtime/network/router/rules.h"
#include "runtime/network/words.h"

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
	*r = (struct router){ .host = { .namespace = -1, .own = -1, .networks = -1, .monitor = -1 },
			      .folder = folder, .states = -1, .networks = -1, .listener = listener,
			      .epoll = -1, .watch = -1, .addresses = { .folder = -1 },
			      .spare = { .socket = -1, .pidfd = -1 }, .upstream = -1, .pasta_socket = -1 };
	if (lines_read(folder, NETWORK_RUN_FILE, rows, &r->run, e))
		return -1;
	if (!r->run.name || !r->run.subnet || !r->run.prefix6 || !r->run.record || !r->run.state || !r->run.apps)
		return error_set(e, ERROR_INTERNAL, "begin a network: the file \"run\" is damaged");
	r->states = open(r->run.state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r->networks = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->states < 0 || r->networks < 0)
		return error_sys(e, "open the folder %s", r->run.state);
	return open_watch(r, e) || addresses_open(&r->addresses, &r->run, e) ? -1 : 0;
}

/* Only one's own id can be mapped without help: root inside, the user outside. */
static int write_maps(uid_t uid, gid_t gid, struct error *e)
{
	autofree char *uids = text_format("0 %u 1", uid), *gids = text_format("0 %u 1", gid);

	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") || file_poke(AT_FDCWD, "/proc/self/uid_map", uids) ||
	    file_poke(AT_FDCWD, "/proc/self/gid_map", gids))
		return error_sys(e, "map the user's own id into the network's user namespace");
	return 0;
}

/* An ordinary user's network is of use without a way out, too: what the host lacks for one is told to those who join. */
static void begin_pasta(struct router *r)
{
	struct error e = { 0 };

	if (pasta_begin(r->pasta, NETWORK_UPLINK, &e) == 0 && router_watch(r, pasta_fd(r->pasta), ROUTER_PASTA, &e) == 0)
		return;
	r->warning = text_format("the network %s: %s%s%s", r->run.name, e.text, e.hint[0] ? "; " : "", e.hint);
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
	if (network_step("rules", e) || rules_begin(r->firewall, &r->addresses, e))
		return -1;
	if (r->pasta) {
		r->pasta_socket = fcntl(pasta_fd(r->pasta), F_DUPFD_CLOEXEC, 3);
		begin_pasta(r);
	}
	if (r->run.is_internal || r->run.is_rootless)
		return 0;
	if (network_step("uplink", e) || uplink_begin(&r->uplink, &r->host, &r->addresses, e))
		return -1;
	return router_watch(r, r->host.monitor, ROUTER_HOST, e);
}

int router_enter_user(struct error *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER)) {
		error_sys(e, "make a user namespace for a network");
		return error_hint(e, "box doctor tells what the host lacks");
	}
	return write_maps(uid, gid, e);
}

int router_enter(struct router *r, struct error *e)
{
	autoclose int outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (outside < 0)
		return error_sys(e, "open the host's network namespace");
	if (!r->run.is_internal && (r->upstream = upstream_begin(e)) < 0)
		return -1;
	if (r->run.is_rootless && router_enter_user(e))
		return -1;
	/* Who has to stay in the host's network namespace is begun here: from the next one there is no way back for an ordinary user. */
	if (r->run.is_rootless && !r->run.is_internal && !(r->pasta = pasta_prepare(e)))
		return -1;
	if (network_step("namespace", e))
		return -1;
	if (unshare(CLONE_NEWNET))
		return error_sys(e, "make a network namespace for the network %s", r->run.name);
	if (host_open(&r->host, take_fd(&outside), r->networks, e) || open_modules(r, e) || network_step("links", e))
		return -1;
	return links_begin(&r->addresses, e);
}

/* What the kernel has is there; what this process has of it is opened again. */
int router_resume(struct router *r, const struct router *old, struct error *e)
{
	int namespace = old->host.namespace;

	if (router_open(r, old->folder, old->listener, e))
		return -1;
	r->upstream = old->upstream;
	r->pasta_socket = old->pasta_socket;
	if (host_open(&r->host, namespace, r->networks, e) || open_modules(r, e))
		return -1;
	if (r->pasta_socket < 0)
		return 0;
	r->pasta = pasta_adopt(fcntl(r->pasta_socket, F_DUPFD_CLOEXEC, 3), NETWORK_UPLINK);
	return router_watch(r, pasta_fd(r->pasta), ROUTER_PASTA, e);
}

int router_resume_uplink(struct router *r, struct error *e)
{
	if (!r->uplink.name[0])
		return 0;
	return host_begin(&r->host, r->uplink.name, e) ? -1 : router_watch(r, r->host.monitor, ROUTER_HOST, e);
}

void router_give_up(struct router *r)
{
	struct error ignored = { 0 };
	autoclose int lock = r->networks < 0 ? -1 : file_lock(r->networks, NETWORK_LOCK, /* wait= */ true, &ignored);

	if (lock >= 0 && r->run.name)
		(void)folder_remove(r->networks, r->run.name, &ignored); /* else the next sweep does it */
}

void router_release(struct router *r)
{
	int *const fds[] = { &r->folder, &r->states, &r->networks, &r->listener, &r->epoll, &r->watch, &r->upstream, &r->pasta_socket };

	ports_release(&r->ports);
	resolver_free(r->resolver);
	uplink_end(&r->uplink, &r->host);
	host_release(&r->host);
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
