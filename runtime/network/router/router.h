/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router.h - everything that one box-net has: one private network.
 *
 * One process with one thread. What it waits for are descriptors in one epoll (loop.c); a module with descriptors of its own
 * has an epoll of its own, whose descriptor lies in ours. Modules do not call back: what they have to know is pushed by plain calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/network/router/addresses.h"
#include "runtime/network/router/members.h"
#include "runtime/network/router/ports.h"
#include "runtime/network/router/services.h"
#include "runtime/network/router/spare.h"
#include "runtime/network/run.h"

struct error;
struct firewall;
struct resolver;
struct uplink;

struct router {
	struct network_run run;
	int folder;   /* STATE/.networks/NAME */
	int states;   /* STATE */
	int networks; /* STATE/.networks */
	int listener;
	int epoll;
	int watch;    /* inotify of STATE */
	struct firewall *firewall; /* of the router namespace */
	struct uplink *uplink;    /* the way out, or NULL */
	char *warning;       /* what every box that joins is told, or NULL */
	struct addresses addresses;
	struct members members;
	struct services services;
	struct ports ports;
	struct resolver *resolver;
	struct spare spare;
	int upstream;     /* the resolver's, for the spare; -1: none */
	int uplink_socket; /* to the keeper of the way out, likewise */
	bool has_new_names; /* the resolver is told before the next event */
	int *connections; /* with boxes */
	size_t connection_count;
};

/* Opens the folder, reads "run". */
int router_open(struct router *r, int folder, int listener, struct error *e);

/* Splits (split.h), and returns in the network's own namespaces: they have loopback, and members can get their links and addresses. Outside
 * it does not return. */
int router_enter(struct router *r, struct error *e);

/* The rest of what a network has: rules, and the way out. */
int router_furnish(struct router *r, struct error *e);

/* The first connection, taken. What it asks first is answered before router_furnish where that can be: the box behind it goes on with its
 * start meanwhile. */
int router_begin(struct router *r, int first, struct error *e);
/* One message of it, where one has come. */
void router_answer_first(struct router *r);

/* From now on it has no more power than the rest needs, and none but in its own namespaces. */
int router_confine(const struct router *r, struct error *e);

/* In the spare of one that was killed, in the same namespaces: the same again, with what old says of them. */
int router_resume(struct router *r, const struct router *old, struct error *e);

/* Until the last member is gone: 0. */
int router_serve(struct router *r, struct error *e);

/* The lock of this network, which who connects has as well (reach.c), until it is closed: -1 where somebody has it, and not waited for. */
int router_lock(const struct router *r, bool waits);
/* With that lock: its own folder, of which all that it may remove (confine.c) is what lies in it, and what is empty. */
void router_remove_folder(const struct router *r);
/* What could not begin leaves nothing on the disk. */
void router_give_up(struct router *r);

void router_release(struct router *r);

/* loop.c, for the others: one more descriptor to wait for. */
enum router_event {
	ROUTER_SPARE, ROUTER_UPLINK, ROUTER_RELAY, ROUTER_RESOLVER, ROUTER_LISTENER, ROUTER_CONNECTION, ROUTER_PROCESS, ROUTER_STATES
};
int router_watch(struct router *r, int fd, enum router_event event, struct error *e);

/* The descriptor is closed by who has it, and not waited for any more: others may have it, too. */
void router_unwatch(struct router *r, int fd);

/* One more connection with a box; not taken where that fails. */
int router_add_connection(struct router *r, int connection, struct error *e);

/* Whether a member has a state folder: 0, or -1 with errno, ENOENT. */
int router_find_state(const struct router *r, const struct member *member);

/* Members whose state folder has gone go. */
void router_look_at_states(struct router *r);

/* request_services.c: its address leads to its live members, as the kernel's rules shall have it. */
int router_settle(struct router *r, struct service *service, struct error *e);
/* The resolver answers by copies of what the member has for names. */
int router_answer_names(struct router *r, const struct member *member, struct error *e);

/* request_services.c: services that are held too long are let go; when the first one will be (clock_monotonic_ms()), or 0. */
void router_end_holds(struct router *r);
int64_t router_hold_deadline(const struct router *r);

/* request.c: one message of a box, answered. False: that connection has ended. */
bool router_answer(struct router *r, int connection);

/* request_members.c: the member goes, with everything that it has. */
void router_drop(struct router *r, struct member *member);
/* A service that nobody is of any more, and nobody holds, gives its ports back, and its address where no definition has it. */
void router_forget(struct router *r, struct service *service);

/* request_members.c: the connection whose it is has ended. */
void router_abandon(struct router *r, struct member *member);

/* request_members.c: its first process has ended; it may come back. */
void router_ended(struct router *r, struct member *member);
