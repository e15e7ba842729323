/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.c - a container's way into its networks.
 */
#include "runtime/network/join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/endpoint.h"
#include "runtime/network/link.h"
#include "runtime/network/port_owner.h"
#include "runtime/network/publish.h"
#include "runtime/network/reach.h"
#include "runtime/network/record.h"
#include "runtime/network/words.h"
#include "runtime/supervise/control.h"
#include "specs/container.h"

/* A pair of addresses; "-" for those of IPv6: none. */
struct pair {
	char *ip4, *ip6;
};

struct joined {
	const struct network_membership *membership;
	int connection;
	bool is_internal, has_link;
	struct link link;
	struct pair address, router, service, subnet;
	struct list neighbours; /* "IP4 IP6 NAME" */
	bool is_default;        /* what leads to everything else */
};

struct networks {
	const struct places *places; /* borrowed, as the next */
	const struct container *container;
	bool is_background;
	struct joined *items;
	size_t count;
	struct list warnings;
	struct endpoint endpoint; /* the container's network namespace, from networks_open on */
	struct file_entry files[2];
	size_t file_count;
};

static void release_pair(struct pair *pair)
{
	free(pair->ip4);
	free(pair->ip6);
	*pair = (struct pair){ 0 };
}

static int wrong_answer(const struct joined *j, struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "join the network %s: its answer is not understood", j->membership->name);
}

static int at_field(const struct joined *j, struct error *e)
{
	error_in(e, "join the network %s", j->membership->name);
	return j->membership->field && !e->field[0] ? error_at(e, "%s", j->membership->field) : -1;
}

static int say_prepare(const struct networks *n, const struct joined *j, struct error *e)
{
	const struct container *c = n->container;
	autorelease(text) struct text words = { 0 };
	size_t length = strlen(j->membership->name);

	text_addf(&words, "prepare %s %s", c->name, c->service ? c->service : c->name);
	text_add(&words, n->is_background ? "\ndurable" : "");
	text_add(&words, c->is_standby ? "\nstandby" : "");
	for (size_t i = 0; i < j->membership->aliases.count; i++)
		text_addf(&words, "\nalias %s", j->membership->aliases.items[i]);
	for (size_t i = 0; i < c->neighbours.count; i++)
		if (strncmp(c->neighbours.items[i], j->membership->name, length) == 0 && c->neighbours.items[i][length] == ' ')
			text_addf(&words, "\nneighbour %s", c->neighbours.items[i] + length + 1);
	return network_say(j->connection, words.data, NULL, e);
}

static int begin_one(const struct places *places, const struct networks *n, struct joined *j, struct error *e)
{
	const struct network_membership *m = j->membership;
	const struct network_wish wish = { .name = m->name, .subnet = m->subnet, .is_internal = m->is_internal, .is_own = m->is_own,
					   .is_volatile = m->is_own && !n->is_background };

	j->connection = network_reach(places, &wish, e);
	return j->connection < 0 ? -1 : say_prepare(n, j, e);
}

int networks_begin(const struct places *places, const struct container *container, bool is_background, struct networks **ret,
		   struct error *e)
{
	struct networks *n = alloc_zeroed(1, sizeof *n);

	*n = (struct networks){ .places = places, .container = container, .is_background = is_background, .count = container->network_count,
				.endpoint = { -1, -1, -1, -1 }, .items = alloc_zeroed(container->network_count, sizeof *n->items) };
	for (size_t i = 0; i < n->count; i++)
		n->items[i] = (struct joined){ .membership = &container->networks[i], .connection = -1, .link = { .router = -1 } };
	*ret = n;
	for (size_t i = 0; i < n->count; i++)
		if (begin_one(places, n, &n->items[i], e))
			return at_field(&n->items[i], e);
	return 0;
}

static void take_pair(struct pair *pair, const char *words)
{
	size_t length = strcspn(words, " ");

	release_pair(pair);
	pair->ip4 = alloc_copy_bytes(words, length);
	pair->ip6 = alloc_copy(words[length] ? words + length + 1 : "-");
}

static void take_line(struct networks *n, struct joined *j, const char *line)
{
	const struct {
		const char *key;
		struct pair *pair;
	} pairs[] = { { "address ", &j->address }, { "router ", &j->router }, { "service ", &j->service }, { "subnet ", &j->subnet } };
	const char *space;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (text_starts(line, pairs[i].key))
			take_pair(pairs[i].pair, line + strlen(pairs[i].key));
	if (text_starts(line, "link "))
		j->has_link = link_parse(line + strlen("link "), &j->link);
	if (text_starts(line, "warning "))
		list_add(&n->warnings, line + strlen("warning "));
	if (text_starts(line, "internal "))
		j->is_internal = strcmp(line, "internal 0") != 0;
	if (!text_starts(line, "neighbour "))
		return;
	line += strlen("neighbour ");
	space = strchr(line, ' ');
	if (space)
		list_addf(&j->neighbours, "%s %.*s", space + 1, (int)(space - line), line);
}

static int hear_prepared(struct networks *n, struct joined *j, struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	struct control_fds fds = { .count = 0 };

	if (network_hear(j->connection, &answer, &fds, e))
		return -1;
	if (fds.count == 1)
		j->link.router = fds.fds[0];
	else
		control_fds_close(&fds);
	for (char *line = answer.data, *end; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		take_line(n, j, line);
	}
	return j->has_link && j->link.router >= 0 && j->address.ip4 && j->router.ip4 && j->service.ip4 && j->subnet.ip4 ? 0 : wrong_answer(j, e);
}

static void add_host(struct text *hosts, const struct pair *pair, const char *name)
{
	text_addf(hosts, "%s\t%s\n", pair->ip4, name);
	if (strcmp(pair->ip6, "-") != 0)
		text_addf(hosts, "%s\t%s\n", pair->ip6, name);
}

/* By one address, as the name server answers (names/resolver_answer.c). */
static void add_neighbours(struct text *hosts, const struct joined *j)
{
	for (size_t i = 0; i < j->neighbours.count; i++) {
		char ip4[64], ip6[64], name[256];

		if (sscanf(j->neighbours.items[i], "%63s %63s %255s", ip4, ip6, name) == 3)
			text_addf(hosts, "%s\t%s\n", ip4, name);
	}
}

static bool is_mounted(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].target, target) == 0)
			return true;
	return false;
}

static void add_file(struct networks *n, const char *target, struct text *content)
{
	struct file_entry *file = &n->files[n->file_count];
	size_t length = content->length;

	if (is_mounted(n->container, target))
		return;
	*file = (struct file_entry){ .target = alloc_copy(target), .data = text_take(content), .length = length, .mode = 0644,
				     .is_optional = true };
	n->file_count++;
}

/* Its own name leads to its own address; a neighbour's to that of the service, which stays the same whatever runs behind it. */
static void write_files(struct networks *n)
{
	autorelease(text) struct text hosts = { 0 }, resolv = { 0 };

	text_add(&hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	add_host(&hosts, &n->items[0].address, n->container->hostname ? n->container->hostname : n->container->name);
	for (size_t i = 0; i < n->count; i++)
		add_neighbours(&hosts, &n->items[i]);
	for (size_t i = 0; i < n->container->extra_hosts.count; i++)
		text_addf(&hosts, "%s\n", n->container->extra_hosts.items[i]);
	text_add(&resolv, "nameserver " NETWORK_RESOLVER "\noptions ndots:0\n");
	add_file(n, "/etc/hosts", &hosts);
	add_file(n, "/etc/resolv.conf", &resolv);
}

int networks_prepared(struct networks *n, struct error *e)
{
	bool has_default = false;

	for (size_t i = 0; i < n->count; i++) {
		struct joined *j = &n->items[i];

		if (hear_prepared(n, j, e))
			return at_field(j, e);
		j->is_default = !has_default && !j->is_internal;
		has_default |= j->is_default;
	}
	write_files(n);
	if (n->count && n->container->port_count &&
	    network_publish(n->items[0].connection, n->container, n->container->is_standby, &n->warnings, e))
		return port_owner_blame(n->places, n->container, e); /* it has the port's field */
	return 0;
}

/* A line for each descriptor behind the first. */
static void bring(struct control_fds *fds, struct text *words, const char *word, int fd)
{
	if (fd < 0)
		return;
	fds->fds[fds->count++] = fd;
	text_addf(words, "\n%s", word);
}

/* before: the end of a pair with the network before, or -1; ret_next: the end for the network behind, or -1 where there is none. */
static int join_one(struct networks *n, struct joined *j, int pidfd, int before, int *ret_next, struct error *e)
{
	unsigned number = (unsigned)(j - n->items);
	struct endpoint *endpoint = &n->endpoint;
	struct endpoint_device device = { .number = number, .ip4 = j->address.ip4, .ip6 = j->address.ip6, .router4 = j->router.ip4,
					.router6 = j->router.ip6, .subnet4 = j->subnet.ip4, .subnet6 = j->subnet.ip6,
					.router_mac = j->link.router_mac, .is_default = j->is_default };
	autorelease(text) struct text words = { 0 };
	struct control_fds fds = { .fds = { pidfd }, .count = 1 };
	int pair[2] = { -1, -1 };
	autoclose int own = -1;

	if (number + 1 < n->count && control_pair(pair, e))
		return -1;
	own = pair[0];
	*ret_next = pair[1];
	text_addf(&words, "join %s", n->container->name);
	bring(&fds, &words, "udp", endpoint->udp);
	bring(&fds, &words, "tcp", endpoint->tcp);
	bring(&fds, &words, "before", before);
	bring(&fds, &words, "next", own);
	if (link_make(&j->link, endpoint->namespace, number, e) || network_say(j->connection, words.data, &fds, e))
		return -1;
	/* The first network has them now. */
	if (endpoint->udp >= 0) {
		close(take_fd(&endpoint->udp));
		close(take_fd(&endpoint->tcp));
	}
	return endpoint_set_up(endpoint, &device, e);
}

int networks_open(struct networks *n, pid_t pid, struct error *e)
{
	return endpoint_open(&n->endpoint, pid, e);
}

int networks_join(struct networks *n, int pidfd, struct error *e)
{
	autoclose int before = -1;

	for (size_t i = 0; i < n->count; i++) {
		int next = -1, result = join_one(n, &n->items[i], pidfd, before, &next, e);

		if (before >= 0)
			close(before);
		before = next;
		if (result)
			return at_field(&n->items[i], e);
	}
	endpoint_close(&n->endpoint);
	return 0;
}

static int say_all(struct networks *n, const char *verb, struct error *e)
{
	autofree char *words = text_format("%s %s", verb, n->container->name);

	for (size_t i = 0; i < n->count; i++)
		if (network_say(n->items[i].connection, words, NULL, e))
			return at_field(&n->items[i], e);
	return 0;
}

static int hear_all(struct networks *n, struct error *e)
{
	for (size_t i = 0; i < n->count; i++)
		if (network_hear(n->items[i].connection, NULL, NULL, e))
			return at_field(&n->items[i], e);
	return 0;
}

int networks_joined(struct networks *n, struct error *e)
{
	return hear_all(n, e);
}

int networks_say_live(struct networks *n, struct error *e)
{
	return say_all(n, "live", e);
}

int networks_live(struct networks *n, struct error *e)
{
	return hear_all(n, e);
}

int networks_keep(struct networks *n, struct error *e)
{
	return say_all(n, "keep", e) || hear_all(n, e) ? -1 : 0;
}

void networks_free(struct networks *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++) {
		struct joined *j = &n->items[i];
		struct pair *const pairs[] = { &j->address, &j->router, &j->service, &j->subnet };

		if (j->connection >= 0)
			close(j->connection);
		if (j->link.router >= 0)
			close(j->link.router);
		for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
			release_pair(pairs[k]);
		list_release(&j->neighbours);
	}
	endpoint_close(&n->endpoint);
	list_release(&n->warnings);
	for (size_t i = 0; i < n->file_count; i++)
		file_entry_release(&n->files[i]);
	free(n->items);
	free(n);
}

const struct file_entry *networks_files(const struct networks *n, size_t *ret_count)
{
	*ret_count = n ? n->file_count : 0;
	return n ? n->files : NULL;
}

void networks_addresses(const struct networks *n, struct list *ret)
{
	for (size_t i = 0; n && i < n->count; i++)
		list_addf(ret, "%s %s %s", n->items[i].membership->name, n->items[i].address.ip4, n->items[i].address.ip6);
}

const struct list *networks_warnings(const struct networks *n)
{
	return &n->warnings;
}
