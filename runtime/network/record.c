/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - what is known of a network while nobody is in it.
 */
#include "runtime/network/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/network/folder.h"
#include "runtime/network/netlink.h"
#include "runtime/network/words.h"
#include "runtime/supervise/lines.h"

/* 10.200.0.0/14 in parts of 22 bits; the last part is for uplinks (router/uplink.h). */
enum { LOCK_MS = 20000, POOL = 0x0AC80000, POOL_PARTS = 255, PART_BITS = 22, PREFIX_TEXT = 64, WIDEST = 16, NARROWEST = 27 };

#define AT(member) offsetof(struct network_record, member)
static const struct line_row rows[] = {
	{ "name", LINE_TEXT, AT(name) },       { "subnet", LINE_TEXT, AT(subnet) },   { "prefix6", LINE_TEXT, AT(prefix6) },
	{ "internal", LINE_NUMBER, AT(is_internal) }, { "kept", LINE_NUMBER, AT(is_kept) }, { "own", LINE_NUMBER, AT(is_own) },
	{ "created", LINE_NUMBER, AT(created) }, { 0 },
};
#undef AT

void network_record_release(struct network_record *record)
{
	lines_release(rows, record);
	free(record->folder);
	record->folder = NULL;
}

bool network_subnet_parse(const char *text, uint32_t *ret_address, int *ret_bits)
{
	const char *slash = strchr(text, '/');
	autofree char *address = slash ? alloc_copy_bytes(text, (size_t)(slash - text)) : NULL;
	struct in_addr in;
	int64_t bits;

	if (!slash || inet_pton(AF_INET, address, &in) != 1 || number_parse(slash + 1, WIDEST, NARROWEST, &bits))
		return false;
	*ret_address = ntohl(in.s_addr);
	*ret_bits = (int)bits;
	return (*ret_address & (UINT32_MAX >> bits)) == 0;
}

static char *kept_path(const struct places *places, const char *name)
{
	return text_format("%s/networks/%s", places->store, name);
}

static char *volatile_path(const struct places *places, const char *name)
{
	return text_format("%s/" NETWORKS_FOLDER "/%s", places->state, name);
}

/* A hand may have changed it: it is printed, and names what is removed. */
static bool is_sound(const struct network_record *record)
{
	const char *name = strrchr(record->folder, '/');
	struct in6_addr prefix6;
	uint32_t address;
	int bits;

	return record->name && record->subnet && record->prefix6 && name && strcmp(record->name, name + 1) == 0 &&
	       network_subnet_parse(record->subnet, &address, &bits) && inet_pton(AF_INET6, record->prefix6, &prefix6) == 1;
}

/* 1, or 0 where there is none. Takes path. */
static int read_at(char *path, struct network_record *ret, struct error *e)
{
	struct network_record record = { .folder = path };
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0 || lines_read(folder, "record", rows, &record, e)) {
		bool is_missing = folder < 0 ? errno == ENOENT : e->sys == ENOENT;

		if (folder < 0 && !is_missing)
			error_sys(e, "open the folder %s", path);
		network_record_release(&record);
		if (is_missing)
			error_clear(e);
		return is_missing ? 0 : -1;
	}
	if (!is_sound(&record)) {
		error_set(e, ERROR_KERNEL, "read the network of %s: its record is damaged", path);
		network_record_release(&record);
		return error_hint(e, "box network rm removes it");
	}
	*ret = record;
	return 1;
}

static int find(const struct places *places, const char *name, struct network_record *ret, struct error *e)
{
	int found = read_at(kept_path(places, name), ret, e);

	if (found)
		return found;
	found = read_at(volatile_path(places, name), ret, e);
	if (found > 0)
		ret->is_volatile = true;
	return found;
}

int network_record_read(const struct places *places, const char *name, struct network_record *ret, struct error *e)
{
	int found = find(places, name, ret, e);

	if (found)
		return found > 0 ? 0 : -1;
	error_set(e, ERROR_MISSING, "find the network %s: there is none", name);
	return error_hint(e, "box network ls lists what there is");
}

static int add_names(char *path, struct list *ret, struct error *e)
{
	autofree char *owned = path;
	autorelease(list) struct list names = { 0 };
	autoclose int folder = open(owned, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open the folder %s", owned);
	if (folder_names(folder, &names))
		return error_sys(e, "read the folder %s", path);
	for (size_t i = 0; i < names.count; i++) {
		autofree char *record = text_format("%s/record", names.items[i]);

		if (names.items[i][0] != '.' && !list_has(ret, names.items[i]) && faccessat(folder, record, F_OK, 0) == 0)
			list_add(ret, names.items[i]);
	}
	return 0;
}

int network_record_names(const struct places *places, struct list *ret, struct error *e)
{
	if (add_names(text_format("%s/networks", places->store), ret, e) ||
	    add_names(text_format("%s/" NETWORKS_FOLDER, places->state), ret, e))
		return -1;
	list_sort(ret);
	return 0;
}

/* What addresses are taken: by routes of the host, and by other networks. */
struct taken {
	struct {
		uint32_t address;
		int bits;
	} *items;
	size_t count;
	struct list prefixes;
};

static void add_taken(struct taken *taken, uint32_t address, int bits)
{
	taken->items = alloc_resize(taken->items, taken->count + 1, sizeof *taken->items);
	taken->items[taken->count].address = address;
	taken->items[taken->count++].bits = bits;
}

/* A route to everything takes nothing. */
static int add_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *to = netlink_find(message, sizeof *route, RTA_DST);
	uint32_t address;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_family != AF_INET || !route->rtm_dst_len || !to)
		return 0;
	memcpy(&address, RTA_DATA(to), sizeof address);
	add_taken(data, ntohl(address), route->rtm_dst_len);
	return 0;
}

static int add_routes(struct taken *taken, struct error *e)
{
	struct netlink_request request;
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0)
		return -1;
	netlink_begin(&request, RTM_GETROUTE, 0, sizeof request.route);
	request.route.rtm_family = AF_INET;
	return netlink_list(socket, &request, add_route, taken) ? error_sys(e, "list the host's routes") : 0;
}

static int add_networks(const struct places *places, struct taken *taken, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (network_record_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct network_record record = { 0 };
		struct error ignored = { 0 };
		uint32_t address;
		int bits;

		/* A damaged one, or one that has just gone, takes nothing. */
		if (find(places, names.items[i], &record, &ignored) > 0 && record.subnet && network_subnet_parse(record.subnet, &address, &bits)) {
			add_taken(taken, address, bits);
			list_add(&taken->prefixes, record.prefix6);
		}
		network_record_release(&record);
	}
	return 0;
}

static bool is_free(const struct taken *taken, uint32_t address, int bits)
{
	for (size_t i = 0; i < taken->count; i++) {
		int shared = bits < taken->items[i].bits ? bits : taken->items[i].bits;

		if (((address ^ taken->items[i].address) >> (32 - shared)) == 0)
			return false;
	}
	return true;
}

static int choose_subnet(const struct network_wish *wish, const struct taken *taken, uint32_t *ret, int *ret_bits, struct error *e)
{
	if (wish->subnet) {
		if (!network_subnet_parse(wish->subnet, ret, ret_bits)) {
			error_set(e, ERROR_USAGE, "make the network %s: expected a subnet such as \"10.9.0.0/24\", from /%d to /%d, found \"%.60s\"",
				  wish->name, WIDEST, NARROWEST, wish->subnet);
			return -1;
		}
		if (is_free(taken, *ret, *ret_bits))
			return 0;
		error_set(e, ERROR_EXISTS, "make the network %s: %s overlaps with a route of the host, or with another network", wish->name,
			  wish->subnet);
		return error_hint(e, "ip route, and box network ls, tell which");
	}
	*ret_bits = PART_BITS;
	for (unsigned i = 0; i < POOL_PARTS; i++) {
		*ret = POOL + (i << (32 - PART_BITS));
		if (is_free(taken, *ret, PART_BITS))
			return 0;
	}
	error_set(e, ERROR_EXISTS, "make the network %s: no subnet of 10.200.0.0/14 is free", wish->name);
	return error_hint(e, "box network prune removes those that nobody needs; or name a subnet: box network create --subnet 10.9.0.0/24");
}

/* The first 48 bits, drawn once for the store. */
static int read_prefix(int networks, char ret[static PREFIX_TEXT], struct error *e)
{
	autorelease(text) struct text text = { 0 };
	unsigned char random[5];

	if (file_read(networks, ".prefix", PREFIX_TEXT - 16, &text, e) == 0 && text.length) {
		(void)snprintf(ret, PREFIX_TEXT, "%.*s", (int)strcspn(text.data, "\n"), text.data); /* its length is bounded above */
		return 0;
	}
	if (e->kind != ERROR_NONE && e->sys != ENOENT)
		return -1;
	error_clear(e);
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_sys(e, "draw an address prefix");
	(void)snprintf(ret, PREFIX_TEXT, "fd%02x:%x:%x", random[0], random[1] << 8 | random[2], random[3] << 8 | random[4]);
	return file_replace(networks, ".prefix", ret, strlen(ret), 0600, e);
}

static int choose_prefix(int networks, const struct taken *taken, uint32_t subnet, char **ret, struct error *e)
{
	char first[PREFIX_TEXT];

	if (read_prefix(networks, first, e))
		return -1;
	for (unsigned id = (subnet >> 8) & 0xffff;; id = (id + 1) & 0xffff) {
		*ret = text_format("%s:%x::", first, id);
		if (!list_has(&taken->prefixes, *ret))
			return 0;
		free(*ret);
	}
}

static int write_new(const struct places *places, const struct network_wish *wish, int networks, const struct taken *taken,
		     struct network_record *ret, struct error *e)
{
	autoclose int folder = -1;
	struct in_addr in;
	char address[INET_ADDRSTRLEN];
	uint32_t subnet = 0;
	int bits = 0;

	if (choose_subnet(wish, taken, &subnet, &bits, e) || choose_prefix(networks, taken, subnet, &ret->prefix6, e))
		return -1;
	in.s_addr = htonl(subnet);
	(void)inet_ntop(AF_INET, &in, address, sizeof address); /* the buffer is large enough */
	ret->subnet = text_format("%s/%d", address, bits);
	ret->name = alloc_copy(wish->name);
	ret->folder = wish->is_volatile ? volatile_path(places, wish->name) : kept_path(places, wish->name);
	ret->is_internal = wish->is_internal;
	ret->is_kept = wish->is_kept;
	ret->is_own = wish->is_own;
	ret->created = time(NULL);
	ret->is_volatile = wish->is_volatile;
	folder = wish->is_volatile ? network_folder(places, wish->name, e) : folder_make_private(ret->folder, e);
	return folder < 0 ? -1 : lines_write(folder, "record", rows, ret, e);
}

static int check_found(int found, const struct network_wish *wish, struct network_record *record, struct error *e)
{
	if (found < 0 || !wish->subnet || strcmp(wish->subnet, record->subnet) == 0)
		return found < 0 ? -1 : 0;
	error_set(e, ERROR_EXISTS, "use the network %s: it is there already, with the subnet %s", wish->name, record->subnet);
	network_record_release(record);
	return error_hint(e, "remove it with box network rm %s, or leave the subnet out", wish->name);
}

int network_record_make(const struct places *places, const struct network_wish *wish, struct network_record *ret, struct error *e)
{
	autofree char *path = text_format("%s/networks", places->store);
	autoclose int networks = -1, lock = -1;
	struct network_record record = { 0 };
	struct taken taken = { 0 };
	int found = find(places, wish->name, ret, e), result;

	if (found)
		return check_found(found, wish, ret, e);
	networks = folder_make_private(path, e);
	lock = networks < 0 ? -1 : lock_file_within(networks, ".lock", "all networks of the store", LOCK_MS, e);
	if (lock < 0)
		return -1;
	found = find(places, wish->name, ret, e);
	if (found)
		return check_found(found, wish, ret, e);
	result = add_routes(&taken, e) || add_networks(places, &taken, e) || write_new(places, wish, networks, &taken, &record, e) ? -1 : 0;
	free(taken.items);
	list_release(&taken.prefixes);
	if (result == 0)
		*ret = record;
	else
		network_record_release(&record);
	return result;
}

int network_record_remove(const struct places *places, const char *name, struct error *e)
{
	autofree char *path = text_format("%s/networks", places->store);
	autoclose int networks = folder_open_private(path, e);

	if (networks < 0 && e->sys == ENOENT) {
		error_clear(e);
		return 0;
	}
	return networks < 0 ? -1 : folder_remove(networks, name, e);
}
