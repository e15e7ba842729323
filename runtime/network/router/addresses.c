/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addresses.c - who has which address of the network.
 */
#include "runtime/network/router/addresses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/record.h"
#include "runtime/network/run.h"
#include "runtime/network/words.h"

enum { FILE_LIMIT = 16 << 20, WORD = 192, IP6_BITS = 64 };

static const char *kind_of(bool is_service)
{
	return is_service ? "service" : "instance";
}

unsigned addresses_middle(const struct addresses *a)
{
	return a->size / 2;
}

struct in_addr addresses_ip4(const struct addresses *a, unsigned index)
{
	return (struct in_addr){ htonl(a->subnet + index) };
}

struct in6_addr addresses_ip6(const struct addresses *a, unsigned index)
{
	struct in6_addr address = a->prefix6;

	address.s6_addr[14] = (uint8_t)(index >> 8);
	address.s6_addr[15] = (uint8_t)index;
	return address;
}

struct subnet addresses_subnet(const struct addresses *a)
{
	struct subnet subnet = { .four = addresses_ip4(a, ADDRESS_ROUTER), .four_bits = 32 - __builtin_ctz(a->size), .six_bits = IP6_BITS };

	if (a->has_ip6)
		subnet.six = addresses_ip6(a, ADDRESS_ROUTER);
	return subnet;
}

void addresses_print(const struct addresses *a, unsigned index, struct address_texts *ret)
{
	const struct in_addr ip4 = addresses_ip4(a, index);
	const struct in6_addr ip6 = addresses_ip6(a, index);

	*ret = (struct address_texts){ .ip6 = "-" };
	(void)inet_ntop(AF_INET, &ip4, ret->ip4, sizeof ret->ip4); /* both buffers are large enough */
	if (a->has_ip6)
		(void)inet_ntop(AF_INET6, &ip6, ret->ip6, sizeof ret->ip6);
}

static struct lease *find(const struct addresses *a, const char *name, bool is_service)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->leases[i].is_service == is_service && strcmp(a->leases[i].name, name) == 0)
			return &a->leases[i];
	return NULL;
}

static bool is_taken(const struct addresses *a, unsigned index)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->leases[i].index == index)
			return true;
	return false;
}

static struct lease *add(struct addresses *a, const char *name, unsigned index, bool is_service, bool is_durable)
{
	struct lease *lease = alloc_append(&a->leases, &a->count, sizeof *lease);

	*lease = (struct lease){ alloc_copy(name), index, is_service, is_durable };
	return lease;
}

static void drop(struct addresses *a, size_t at)
{
	free(a->leases[at].name);
	a->leases[at] = a->leases[--a->count];
}

/* What is damaged in the file is passed over: its owner gets another address. */
static void take_line(struct addresses *a, const char *line)
{
	char kind[WORD], name[WORD];
	unsigned index;
	bool is_service;

	if (sscanf(line, "%191s %191s %u", kind, name, &index) != 3)
		return;
	is_service = strcmp(kind, "service") == 0;
	if (index < (is_service ? addresses_middle(a) : ADDRESS_FIRST) || index >= (is_service ? a->size - 1 : addresses_middle(a)) ||
	    is_taken(a, index) || find(a, name, is_service))
		return;
	add(a, name, index, is_service, /* is_durable= */ true);
}

static int load(struct addresses *a, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	if (a->folder < 0)
		return 0;
	if (file_read(a->folder, NETWORK_ADDRESSES, FILE_LIMIT, &lines, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return 0;
	}
	for (char *line = lines.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		take_line(a, line);
	}
	return 0;
}

int addresses_open(struct addresses *a, const struct network_run *run, struct error *e)
{
	int bits = 0;

	*a = (struct addresses){ .folder = run->leases ? open(run->leases, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1,
				 .apps = alloc_copy(run->apps), .has_ip6 = access("/proc/sys/net/ipv6", F_OK) == 0, .next = ADDRESS_FIRST };
	if (run->leases && a->folder < 0)
		return error_sys(e, "open the folder %s", run->leases);
	if (!network_subnet_parse(run->subnet, &a->subnet, &bits) || inet_pton(AF_INET6, run->prefix6, &a->prefix6) != 1)
		return error_set(e, ERROR_INTERNAL, "read the record of the network %s: wrong addresses", run->name);
	a->size = 1U << (32 - bits);
	return load(a, e);
}

void addresses_release(struct addresses *a)
{
	while (a->count)
		drop(a, a->count - 1);
	free(a->leases);
	free(a->apps);
	if (a->folder >= 0)
		close(a->folder);
	*a = (struct addresses){ .folder = -1 };
}

static int save(const struct addresses *a, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	for (size_t i = 0; i < a->count; i++)
		if (a->leases[i].is_durable)
			text_addf(&lines, "%s %s %u\n", kind_of(a->leases[i].is_service), a->leases[i].name, a->leases[i].index);
	/* A volatile network is there no longer than this process and its spare. */
	if (a->folder < 0)
		return 0;
	return file_replace(a->folder, NETWORK_ADDRESSES, lines.data ? lines.data : "", lines.length, 0600, e);
}

/* "web", or "web-2", "web.3", "web-2.3" of the service "web". A service that is called like the beginning of another one's keeps its
 * address for longer than it has to. */
static bool is_of(const struct lease *instance, const struct lease *service)
{
	size_t length = strlen(service->name);

	return !instance->is_service && text_starts(instance->name, service->name) &&
	       (!instance->name[length] || instance->name[length] == '-' || instance->name[length] == '.');
}

/* The folder can be looked into by a name, but its names are not this process' to read (confine.c). */
static bool has_definition(int definitions, const struct lease *lease)
{
	struct stat ignored;

	return fstatat(definitions, lease->name, &ignored, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* One whose instances have gone before it is looked at is gone, too. */
static bool is_there(const struct addresses *a, int definitions, const struct lease *lease)
{
	bool is = !lease->is_durable || has_definition(definitions, lease);

	for (size_t i = 0; lease->is_service && !is && i < a->count; i++)
		is = is_of(&a->leases[i], lease);
	return is;
}

/* First instances, then services, of which no definition is left. */
static void forget_gone(struct addresses *a)
{
	autoclose int folder = open(a->apps, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return; /* nobody knows: all stays as it is */
	for (int services = 0; services < 2; services++)
		for (size_t i = a->count; i-- > 0;)
			if (a->leases[i].is_service == services && !is_there(a, folder, &a->leases[i]))
				drop(a, i);
}

static unsigned search(struct addresses *a, bool is_service)
{
	unsigned first = is_service ? addresses_middle(a) : ADDRESS_FIRST, end = is_service ? a->size - 1 : addresses_middle(a);
	unsigned start = is_service || a->next < first || a->next >= end ? first : a->next;

	for (unsigned i = 0; i < end - first; i++) {
		unsigned index = first + (start - first + i) % (end - first);

		if (is_taken(a, index))
			continue;
		if (!is_service)
			a->next = index + 1;
		return index;
	}
	return 0;
}

int addresses_lease(struct addresses *a, const char *name, bool is_service, bool is_durable, struct error *e)
{
	struct lease *lease = find(a, name, is_service);
	bool is_new = !lease;

	if (strlen(name) >= WORD || strpbrk(name, " \t\n") || !*name)
		return error_set(e, ERROR_INTERNAL, "lease an address: a wrong name");
	if (lease && (lease->is_durable || !is_durable))
		return (int)lease->index;
	if (is_new) {
		unsigned index = search(a, is_service);

		if (!index) {
			forget_gone(a);
			index = search(a, is_service);
		}
		if (!index) {
			error_set(e, ERROR_EXISTS, "lease an address for the %s %s: the network has no free one", kind_of(is_service), name);
			return error_hint(e, "make a network with a larger subnet: box network create --subnet 10.9.0.0/16 NAME");
		}
		lease = add(a, name, index, is_service, is_durable);
	}
	lease->is_durable = is_durable;
	if (is_durable && save(a, e)) {
		if (is_new)
			drop(a, a->count - 1);
		else
			lease->is_durable = false;
		return -1;
	}
	return (int)lease->index;
}

void addresses_return(struct addresses *a, const char *name, bool is_service)
{
	struct lease *lease = find(a, name, is_service);

	if (lease && !lease->is_durable)
		drop(a, (size_t)(lease - a->leases));
}

void addresses_restore(struct addresses *a, const char *name, unsigned index, bool is_service)
{
	if (!find(a, name, is_service) && !is_taken(a, index))
		add(a, name, index, is_service, /* is_durable= */ false);
}
