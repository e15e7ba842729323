/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_members.c - who is in the network: prepare, keep, leave, show.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/network/names/resolver.h"
#include "runtime/network/netlink.h"
#include "runtime/network/router/copies.h"
#include "runtime/network/router/dnat.h"
#include "runtime/network/router/links.h"
#include "runtime/network/router/ports.h"
#include "runtime/network/router/request.h"
#include "runtime/network/router/router.h"

static void add_pair(const struct router *r, const char *key, unsigned index, struct text *answer)
{
	struct address_texts texts;

	addresses_print(&r->addresses, index, &texts);
	text_addf(answer, "\n%s %s %s", key, texts.ip4, texts.ip6);
}

/* A service of which nothing is left has lost its address to another one (addresses.c). */
static void forget_former(struct router *r, const char *name, unsigned index)
{
	for (size_t i = r->services.count; i-- > 0;) {
		struct service *former = r->services.items[i];

		if (former->index != index || strcmp(former->name, name) == 0)
			continue;
		ports_withdraw(r, former->name, NULL);
		services_remove(&r->services, former);
		dnat_settle(r);
	}
}

static struct service *service_of(struct router *r, const char *name, bool is_durable, struct error *e)
{
	int index = addresses_lease(&r->addresses, name, /* is_service= */ true, is_durable, e);
	struct service *service = index < 0 ? NULL : services_find(&r->services, name);

	if (index >= 0)
		forget_former(r, name, (unsigned)index);
	if (index >= 0 && !service)
		service = services_add(&r->services, name, (unsigned)index);
	if (service)
		service->is_durable |= is_durable;
	return service;
}

static bool has_line(const struct request *request, const char *word)
{
	for (size_t i = 0; i < request->line_count; i++)
		if (strcmp(request->lines[i].items[0], word) == 0)
			return true;
	return false;
}

static void know(const struct router *r, struct member *member, const char *name, unsigned index)
{
	struct address_texts texts;

	addresses_print(&r->addresses, index, &texts);
	list_addf(&member->known, "%s %s %s", texts.ip4, texts.ip6, name);
}

static int answer_neighbours(struct router *r, const struct request *request, struct member *member, struct text *answer, struct error *e)
{
	for (size_t i = 0; i < request->line_count; i++) {
		const struct list *line = &request->lines[i];
		struct address_texts texts;
		struct service *service;

		if (strcmp(line->items[0], "neighbour") != 0 || line->count != 3)
			continue;
		service = service_of(r, line->items[2], member->is_durable, e);
		if (!service)
			return -1;
		addresses_print(&r->addresses, service->index, &texts);
		text_addf(answer, "\nneighbour %s %s %s", line->items[1], texts.ip4, texts.ip6);
		know(r, member, line->items[1], service->index);
	}
	return 0;
}

static void take_aliases(const struct request *request, struct member *member)
{
	list_release(&member->aliases);
	for (size_t i = 0; i < request->line_count; i++)
		if (strcmp(request->lines[i].items[0], "alias") == 0 && request->lines[i].count == 2)
			list_add(&member->aliases, request->lines[i].items[1]);
}

static bool has_ended(const struct member *member)
{
	struct pollfd process = { .fd = member->pidfd, .events = POLLIN };

	return member->pidfd < 0 || poll(&process, 1, 0) > 0;
}

/* An instance that comes back has the place that it had. */
static struct member *member_for(struct router *r, const char *instance, const char *service, struct error *e)
{
	struct member *member = members_find(&r->members, instance);

	if (member && member->phase != MEMBER_GONE && has_ended(member))
		router_ended(r, member);
	if (member && (member->phase != MEMBER_GONE || strcmp(member->service, service) != 0)) {
		error_set(e, ERROR_EXISTS, "join the network %s: %s is in it already", r->run.name, instance);
		return NULL;
	}
	if (!member)
		return members_add(&r->members, instance, service);
	member->was_kept |= member->connection < 0;
	member->phase = MEMBER_PREPARED;
	return member;
}

/* Its box makes the link: nobody else has powers over both ends (network/link.h). One that an end of the same name has left goes first. */
static int give_link(struct router *r, const struct member *member, struct request *request, struct text *answer, struct error *e)
{
	int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0)
		return -1;
	request->given = (struct control_fds){ .fds = { socket }, .count = 1 };
	links_remove(member->index);
	links_print(member->index, r->run.is_rootless, answer);
	if (r->warning)
		text_addf(answer, "\nwarning %s", r->warning);
	return 0;
}

int request_prepare(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	const char *instance = request->words.items[1], *name = request->words.items[2];
	bool is_durable = has_line(request, "durable");
	int index = addresses_lease(&r->addresses, instance, /* is_service= */ false, is_durable, e);
	struct service *service = index < 0 ? NULL : service_of(r, name, is_durable, e);
	struct member *member = service ? member_for(r, instance, name, e) : NULL;

	if (!member)
		return -1;
	member->index = (unsigned)index;
	member->connection = request->connection;
	member->is_standby = has_line(request, "standby");
	member->is_durable = is_durable;
	take_aliases(request, member);
	list_release(&member->known);
	if (give_link(r, member, request, answer, e)) {
		router_drop(r, member);
		return -1;
	}
	add_pair(r, "address", member->index, answer);
	add_pair(r, "router", ADDRESS_ROUTER, answer);
	add_pair(r, "service", service->index, answer);
	text_addf(answer, "\nsubnet %s %s%s\ninternal %d", r->run.subnet, r->addresses.has_ip6 ? r->run.prefix6 : "-",
		  r->addresses.has_ip6 ? "/64" : "", (int)r->run.is_internal);
	if (answer_neighbours(r, request, member, answer, e)) {
		router_drop(r, member);
		return -1;
	}
	r->has_new_names = true;
	ports_settle(r, service);
	return 0;
}

static struct member *asked_member(struct router *r, const struct request *request, struct error *e)
{
	struct member *member = members_find(&r->members, request->words.items[1]);

	if (!member)
		error_set(e, ERROR_MISSING, "find %.80s in the network %s: it is not in it", request->words.items[1], r->run.name);
	return member;
}

int request_keep(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct member *member = asked_member(r, request, e);

	(void)answer;
	if (!member)
		return -1;
	if (router_find_state(r, member))
		return error_sys(e, "keep %s in the network %s: look for its state folder", member->instance, r->run.name);
	member->connection = -1;
	member->was_kept = true;
	copies_put_member(r, member);
	return 0;
}

int request_leave(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	struct member *member = asked_member(r, request, e);

	(void)answer;
	if (!member)
		return -1;
	router_drop(r, member);
	return 0;
}

int request_show(struct router *r, struct request *request, struct text *answer, struct error *e)
{
	(void)request;
	(void)e;
	text_addf(answer, "\nnetwork %s %s %s", r->run.name, r->run.subnet, r->addresses.has_ip6 ? r->run.prefix6 : "-");
	for (size_t i = 0; i < r->members.count; i++) {
		const struct member *member = r->members.items[i];
		struct address_texts texts;

		addresses_print(&r->addresses, member->index, &texts);
		text_addf(answer, "\nmember %s %s %s %s %s", member->instance, member->service, texts.ip4, texts.ip6,
			  member_phase_word(member->phase));
	}
	for (size_t i = 0; i < r->services.count; i++) {
		struct address_texts texts;

		addresses_print(&r->addresses, r->services.items[i]->index, &texts);
		text_addf(answer, "\nservice %s %s %s", r->services.items[i]->name, texts.ip4, texts.ip6);
	}
	return 0;
}

/* The address of its service no longer leads to it. */
static void settle_without(struct router *r, const char *name)
{
	struct service *service = services_find(&r->services, name);
	struct error e = { 0 };

	if (service && router_settle(r, service, &e))
		log_warning("%s, continuing", e.text);
}

void router_ended(struct router *r, struct member *member)
{
	bool was_live = member->phase == MEMBER_LIVE;

	/* Its link goes with its namespace, which nobody has to wait for: that takes the kernel some milliseconds. */
	resolver_forget(r->resolver, member->instance); /* its sockets would keep its namespace */
	router_unwatch(r, member->pidfd);
	members_close(member);
	member->phase = MEMBER_GONE;
	if (member->was_kept && member->connection < 0)
		copies_put_member(r, member);
	else
		copies_drop_member(r, member);
	if (was_live)
		settle_without(r, member->service);
}

/* Its service goes with its last member, where nothing on the disk knows it. */
void router_drop(struct router *r, struct member *member)
{
	struct service *service = services_find(&r->services, member->service);

	if (member->phase != MEMBER_PREPARED && member->phase != MEMBER_GONE) {
		if (!has_ended(member))
			links_remove(member->index);
		router_ended(r, member);
	} else if (member->phase == MEMBER_PREPARED) {
		links_remove(member->index); /* its box may have made it, and then failed */
	}
	copies_drop_member(r, member);
	addresses_return(&r->addresses, member->instance, /* is_service= */ false);
	members_remove(&r->members, member);
	r->has_new_names = true;
	if (service && service->comes_until_ms)
		settle_without(r, service->name); /* perhaps nobody comes any more */
	/* While it is held its ports wait for the next instance. */
	if (!service || service->held_until_ms)
		return;
	router_forget(r, service);
}

void router_forget(struct router *r, struct service *service)
{
	if (!members_find_service(&r->members, service->name))
		ports_withdraw(r, service->name, NULL);
	dnat_settle(r);
	if (service->is_durable || members_find_service(&r->members, service->name))
		return;
	addresses_return(&r->addresses, service->name, /* is_service= */ true);
	services_remove(&r->services, service);
}

void router_abandon(struct router *r, struct member *member)
{
	bool is_there = router_find_state(r, member) == 0;

	if (!member->was_kept || !is_there) {
		router_drop(r, member);
		return;
	}
	if (member->phase != MEMBER_PREPARED)
		router_ended(r, member);
	member->phase = MEMBER_GONE;
	member->connection = -1;
	copies_put_member(r, member);
}
