/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_services.c - what services' addresses lead to: join, live, switch, hold, flows.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/relay/flows.h"
#include "runtime/network/relay/relay.h"
#include "runtime/network/router/addresses.h"
#include "runtime/network/router/copies.h"
#include "runtime/network/router/links.h"
#include "runtime/network/router/ports.h"
#include "runtime/network/router/request.h"
#include "runtime/network/router/router.h"
#include "runtime/network/router/rules.h"

enum {
	HOLD_MOST_MS = 600000,
	COMES_MS = 5000, /* for an instance that is on its way or comes again; the relay, which can tell its clients, waits longer */
};

/* A restart takes a moment: whoever asks for the service meanwhile waits, and is not refused. */
static void await(const struct router *r, struct service *service)
{
	if (service->target_count || !members_come(&r->members, service->name))
		service->comes_until_ms = 0;
	else if (!service->comes_until_ms)
		service->comes_until_ms = clock_monotonic_ms() + COMES_MS;
}

int router_settle(struct router *r, struct service *service, struct error *e)
{
	service->target_count = 0;
	for (size_t i = 0; i < r->members.count; i++) {
		const struct member *member = r->members.items[i];
		unsigned *target;

		if (member->phase != MEMBER_LIVE || strcmp(member->service, service->name) != 0)
			continue;
		target = alloc_append(&service->targets, &service->target_count, sizeof *target);
		*target = member->index;
	}
	await(r, service);
	ports_settle(r, service);
	return rules_service(r->firewall, &r->addresses, service, e);
}

/* Whoever has asked for it may have been killed. */
void router_end_holds(struct router *r)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = r->services.count; i-- > 0;) {
		struct service *service = r->services.items[i];
		bool is_over = service->held_until_ms && service->held_until_ms <= now;
		bool comes_none = service->comes_until_ms > 0 && service->comes_until_ms <= now;
		struct error e = { 0 };

		if (!is_over && !comes_none)
			continue;
		service->held_until_ms = is_over ? 0 : service->held_until_ms;
		service->comes_until_ms = comes_none ? -1 : service->comes_until_ms;
		if (router_settle(r, service, &e))
			log_warning("%s, continuing", e.text);
		if (is_over)
			router_forget(r, service);
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a <= 0 || (b > 0 && b < a) ? b : a;
}

int64_t router_hold_deadline(const struct router *r)
{
	int64_t first = 0;

	for (size_t i = 0; i < r->services.count; i++)
		first = sooner(sooner(first, r->services.items[i]->held_until_ms), r->services.items[i]->comes_until_ms);
	return first > 0 ? first : 0;
}

static struct member *find_member(struct router *r, const char *instance, struct error *e)
{
	struct member *member = members_find(&r->members, instance);

	if (!member)
		error_set(e, ERROR_MISSING, "find %.80s in the network %s: it is not in it", instance, r->run.name);
	return member;
}

/* A copy: the spare gets what the member keeps. */
static int copy_of(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int router_answer_names(struct router *r, const struct member *member, struct error *e)
{
	const struct resolver_sockets *names = &member->names;
	struct resolver_sockets copies;

	resolver_forget(r->resolver, member->instance);
	if (names->udp < 0 && names->before < 0)
		return 0;
	copies = (struct resolver_sockets){ copy_of(names->udp), copy_of(names->tcp), copy_of(names->before), copy_of(names->next) };
	return resolver_listen(r->resolver, member->instance, &copies, e);
}

/* What it brings beside its process, a line for each descriptor. */
static void take_sockets(struct member *member, struct request *request)
{
	const struct {
		const char *word;
		int *to;
	} kinds[] = { { "udp", &member->names.udp },
		    { "tcp", &member->names.tcp },
		    { "before", &member->names.before },
		    { "next", &member->names.next } };

	for (size_t i = 0; i < request->line_count; i++)
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			if (request->lines[i].count == 1 && strcmp(request->lines[i].items[0], kinds[k].word) == 0 && *kinds[k].to < 0)
				*kinds[k].to = request_take(request, i + 1);
}

int request_join(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct member *member = find_member(r, request->words.items[1], e);
	autoclose int pidfd = request_take(request, 0);

	(void)answer;
	if (!member)
		return -1;
	if (member->phase != MEMBER_PREPARED || pidfd < 0)
		return error_set(e, ERROR_INTERNAL, "join the network %s: %s is in it, or came without its process", r->run.name,
				 member->instance);
	if (links_set_up(&r->addresses, member->index, e) || router_watch(r, pidfd, ROUTER_PROCESS, e)) {
		links_remove(member->index);
		return -1;
	}
	take_sockets(member, request);
	if (router_answer_names(r, member, e)) {
		members_close(member);
		links_remove(member->index);
		return -1;
	}
	member->pidfd = take_fd(&pidfd);
	member->phase = MEMBER_JOINED;
	return 0;
}

int request_live(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct member *member = find_member(r, request->words.items[1], e);
	struct service *service = member ? services_find(&r->services, member->service) : NULL;

	(void)answer;
	if (!service)
		return -1;
	if (member->phase != MEMBER_JOINED)
		return 0; /* it has ended already, or this was said before */
	member->phase = member->is_standby ? MEMBER_STANDBY : MEMBER_LIVE;
	copies_put_member(r, member);
	return member->is_standby ? 0 : router_settle(r, service, e);
}

static struct service *find_service(struct router *r, const char *name, struct error *e)
{
	struct service *service = services_find(&r->services, name);

	if (!service)
		error_set(e, ERROR_MISSING, "find the service %.80s in the network %s: it is not in it", name, r->run.name);
	return service;
}

static bool is_listed(const struct request *request, const char *instance)
{
	for (size_t i = 0; i < request->line_count; i++)
		if (request->lines[i].count == 2 && strcmp(request->lines[i].items[0], "instance") == 0 &&
		    strcmp(request->lines[i].items[1], instance) == 0)
			return true;
	return false;
}

/* Every one has to run: an address that leads to fewer than was asked for would be a surprise. */
static int check_listed(struct router *r, const struct request *request, const struct service *service, struct error *e)
{
	for (size_t i = 0; i < request->line_count; i++) {
		const struct member *member = request->lines[i].count == 2 ? find_member(r, request->lines[i].items[1], e) : NULL;

		if (!member)
			return -1;
		if (strcmp(member->service, service->name) != 0 || (member->phase != MEMBER_STANDBY && member->phase != MEMBER_LIVE))
			return error_set(e, ERROR_MISSING, "lead %s to %s: it is not running, or of another service", service->name,
					 member->instance);
	}
	return 0;
}

int request_switch(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct service *service = find_service(r, request->words.items[1], e);

	(void)answer;
	if (!service || check_listed(r, request, service, e))
		return -1;
	for (size_t i = 0; i < r->members.count; i++) {
		struct member *member = r->members.items[i];

		if (strcmp(member->service, service->name) != 0)
			continue;
		/* Also of one that is still on its way: what was decided here holds. */
		member->is_standby = !is_listed(request, member->instance);
		if (member->phase == MEMBER_LIVE || member->phase == MEMBER_STANDBY)
			member->phase = member->is_standby ? MEMBER_STANDBY : MEMBER_LIVE;
		if (member->phase != MEMBER_PREPARED && member->phase != MEMBER_JOINED)
			copies_put_member(r, member);
	}
	/* To nobody: they wait for who comes. */
	if (request->line_count)
		service->held_until_ms = 0;
	return router_settle(r, service, e);
}

int request_hold(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct service *service = find_service(r, request->words.items[1], e);
	int64_t ms;

	(void)answer;
	if (!service)
		return -1;
	if (number_parse(request->words.items[2], 0, HOLD_MOST_MS, &ms))
		return error_set(e, ERROR_USAGE, "hold %s: at most %d ms", service->name, HOLD_MOST_MS);
	service->held_until_ms = ms ? clock_monotonic_ms() + ms : 0;
	if (router_settle(r, service, e))
		return -1;
	if (!ms)
		router_forget(r, service);
	return 0;
}

int request_flows(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct member *member = find_member(r, request->words.items[1], e);
	int64_t flows;

	if (!member || flows_count(addresses_ip4(&r->addresses, member->index), addresses_ip6(&r->addresses, member->index), &flows, e))
		return -1;
	flows += (int64_t)relay_flows(r->ports.relay, addresses_ip4(&r->addresses, member->index)); /* which are not tracked */
	text_addf(answer, " %jd", (intmax_t)flows);
	return 0;
}
