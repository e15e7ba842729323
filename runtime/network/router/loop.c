/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c - what box-net waits for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/relay/relay.h"
#include "runtime/network/router/copies.h"
#include "runtime/network/router/dnat.h"
#include "runtime/network/router/known.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/uplink.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"

enum { EVENTS = 64, NOTES = 4096, REFUSED_MS = 20 };

int router_watch(struct router *r, int fd, enum router_event event, struct error *e)
{
	struct epoll_event wish = { .events = EPOLLIN, .data.u64 = (uint64_t)event << 32 | (uint32_t)fd };

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &wish) ? error_sys(e, "wait for a descriptor") : 0;
}

void router_unwatch(struct router *r, int fd)
{
	(void)epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL); /* it is waited for, or was never */
}

int router_add_connection(struct router *r, int connection, struct error *e)
{
	int *place;

	if (router_watch(r, connection, ROUTER_CONNECTION, e))
		return -1;
	place = alloc_append(&r->connections, &r->connection_count, sizeof *place);
	*place = connection;
	return 0;
}

static void add_connection(struct router *r, int connection)
{
	struct error e = { 0 };

	if (router_add_connection(r, connection, &e))
		close(connection); /* who asks sees the end, and tries again */
}

/* With everything that it has prepared or joined and not kept. */
static void end_connection(struct router *r, int connection)
{
	for (size_t i = r->members.count; i-- > 0;)
		if (r->members.items[i]->connection == connection)
			router_abandon(r, r->members.items[i]);
	for (size_t i = 0; i < r->connection_count; i++)
		if (r->connections[i] == connection)
			r->connections[i] = r->connections[--r->connection_count];
	router_unwatch(r, connection);
	close(connection);
}

static bool accept_some(struct router *r)
{
	bool is_any = false;
	int connection;

	while ((connection = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		add_connection(r, connection);
		is_any = true;
	}
	return is_any;
}

/* access(2) would ask for another id than that of files (split.c). */
int router_find_state(const struct router *r, const struct member *member)
{
	struct stat ignored;

	return fstatat(r->states, member->instance, &ignored, AT_SYMLINK_NOFOLLOW);
}

/* State folders that have gone. What inotify had no room for is looked for as well. */
void router_look_at_states(struct router *r)
{
	char notes[NOTES];

	while (read(r->watch, notes, sizeof notes) > 0)
		;
	for (size_t i = r->members.count; i-- > 0;) {
		struct member *member = r->members.items[i];

		if (member->connection < 0 && router_find_state(r, member) && errno == ENOENT)
			router_drop(r, member);
	}
}

static void look_at_process(struct router *r, int pidfd)
{
	struct member *member = members_find_process(&r->members, pidfd);

	if (member)
		router_ended(r, member);
}

/* The kernel tells of the end of a keeper for ever: it is waited for no more. What root's has made stays as it is. */
static void serve_uplink(struct router *r)
{
	int fd = uplink_fd(r->uplink);

	uplink_serve(r->uplink);
	if (fd >= 0 && uplink_fd(r->uplink) < 0)
		log_warning("nobody keeps the way out of the network %s any more, continuing", r->run.name);
	if (uplink_has_forgotten(r->uplink))
		dnat_settle_again(r);
}

static void renew_spare(struct router *r, int pidfd)
{
	struct error e = { 0 };

	if (pidfd != r->spare.pidfd)
		return;
	router_unwatch(r, pidfd);
	if (copies_begin(r, &e))
		log_warning("the network %s has no spare: %s, continuing", r->run.name, e.text);
}

static void handle(struct router *r, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;

	switch ((enum router_event)(event->data.u64 >> 32)) {
	case ROUTER_SPARE: renew_spare(r, fd); break;
	case ROUTER_RELAY: relay_serve(r->ports.relay); break;
	case ROUTER_RESOLVER: resolver_serve(r->resolver); break;
	case ROUTER_UPLINK: serve_uplink(r); break;
	case ROUTER_LISTENER: (void)accept_some(r); break;
	case ROUTER_CONNECTION:
		if (!router_answer(r, fd))
			end_connection(r, fd);
		break;
	case ROUTER_PROCESS: look_at_process(r, fd); break;
	case ROUTER_STATES: router_look_at_states(r); break;
	}
}

/* Who connects without the lock, because it wants no network to begin (network_find), hears that nobody is in it: when it connects, or, if
 * it just has, as the answer to whatever it asks. */
static void refuse_rest(const struct router *r)
{
	autorelease(text) struct text answer = { 0 };
	struct error e = { 0 };
	int connection;

	error_set(&e, ERROR_MISSING, "reach the network %s: nobody is in it", r->run.name);
	control_add_failure(&e, &answer);
	(void)shutdown(r->listener, SHUT_RDWR);
	while ((connection = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		autorelease(text) struct text question = { 0 };

		/* A question that nobody has read would take the answer along. */
		(void)shutdown(connection, SHUT_RD);
		while (control_try_receive(connection, &question, NULL, &e) > 0)
			;
		(void)control_send(connection, answer.data, NULL, &e);
		close(connection);
	}
	error_clear(&e);
}

/* A box that is about to connect holds the network's lock: 1, the folder is gone; 0: somebody is coming. */
static int leave(struct router *r)
{
	autoclose int lock = router_lock(r, /* waits= */ false);

	if (lock < 0 || accept_some(r))
		return 0;
	refuse_rest(r);
	spare_end(&r->spare);
	uplink_end(r->uplink);
	router_remove_folder(r);
	return 1;
}

static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int time_left(const struct router *r)
{
	int64_t deadline = router_hold_deadline(r), now = clock_monotonic_ms();
	int own = !deadline ? -1 : deadline <= now ? 0 : (int)(deadline - now), uplink = r->uplink ? uplink_deadline_ms(r->uplink) : -1;

	return sooner(sooner(own, uplink), sooner(relay_deadline_ms(r->ports.relay), resolver_deadline_ms(r->resolver)));
}

/* What is due although nothing came. */
static void keep_time(struct router *r)
{
	if (r->has_new_names)
		known_settle(r);
	if (r->uplink && uplink_deadline_ms(r->uplink) >= 0)
		serve_uplink(r);
	if (relay_deadline_ms(r->ports.relay) == 0)
		relay_serve(r->ports.relay);
	if (resolver_deadline_ms(r->resolver) == 0)
		resolver_serve(r->resolver);
}

void router_answer_first(struct router *r)
{
	struct pollfd asked = { .fd = r->connection_count ? r->connections[0] : -1, .events = POLLIN };

	if (poll(&asked, 1, 0) > 0 && !router_answer(r, asked.fd))
		end_connection(r, asked.fd);
}

int router_begin(struct router *r, int first, struct error *e)
{
	if (router_add_connection(r, first, e))
		return -1;
	/* An ordinary user is told with the first answer what the way out lacks. */
	if (!r->run.is_rootless)
		router_answer_first(r);
	(void)sched_yield(); /* who waited for that has more to do than this process; on two processors the keeper has the other one */
	return 0;
}

int router_serve(struct router *r, struct error *e)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		bool is_idle = !r->members.count && !r->connection_count && !router_hold_deadline(r);
		int count;

		router_end_holds(r);
		if (is_idle && leave(r))
			return 0;
		count = epoll_wait(r->epoll, events, EVENTS, is_idle ? REFUSED_MS : time_left(r));
		if (count < 0 && errno != EINTR)
			return error_sys(e, "wait for what comes");
		for (int i = 0; i < count; i++)
			handle(r, &events[i]);
		keep_time(r);
	}
}
