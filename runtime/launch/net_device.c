/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_device.c - network devices of the host that a container gets.
 */
#include "runtime/launch/net_device.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/network/netlink.h"
#include "specs/container.h"

/* The devices of a namespace. */
struct devices {
	unsigned *indexes;
	size_t count;
	const char *name; /* one of interest: has_name tells whether it is there */
	bool has_name, is_up; /* of that one */
};

/* What one device takes along. */
struct addresses {
	struct netlink_request *items; /* RTM_NEWADDR, the index still to be written */
	size_t count;
	unsigned index; /* of the device on the host */
};

struct carried {
	char name[IF_NAMESIZE]; /* on the host */
	unsigned index;         /* in the container's namespace */
	bool was_up;
	struct addresses addresses;
};

struct net_moves {
	int namespace; /* the container's, which lives as long as this is open */
	struct carried *items;
	size_t count;
};

static int add_device(const struct nlmsghdr *message, void *data)
{
	struct devices *devices = data;
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *name = netlink_find(message, sizeof *link, IFLA_IFNAME);
	unsigned *index;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	index = alloc_append(&devices->indexes, &devices->count, sizeof *index);
	*index = (unsigned)link->ifi_index;
	if (name && strncmp(RTA_DATA(name), devices->name, RTA_PAYLOAD(name)) == 0) {
		devices->has_name = true;
		devices->is_up = link->ifi_flags & IFF_UP;
	}
	return 0;
}

static int list_devices(int socket, struct devices *devices, struct error *e)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, sizeof request.link);
	return netlink_list(socket, &request, add_device, devices) ? error_sys(e, "list network devices") : 0;
}

/* Only flags that who adds an address may set; the kernel finds out the others. */
static void add_flags(const struct nlmsghdr *message, struct netlink_request *request)
{
	const struct rtattr *attribute = netlink_find(message, sizeof(struct ifaddrmsg), IFA_FLAGS);
	uint32_t flags = 0;

	if (attribute)
		memcpy(&flags, RTA_DATA(attribute), sizeof flags);
	flags &= IFA_F_NOPREFIXROUTE | IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_MCAUTOJOIN;
	if (flags)
		netlink_add(request, IFA_FLAGS, &flags, sizeof flags);
}

/* The label is left out: it begins with the name that the device has on the host. */
static int add_address(const struct nlmsghdr *message, void *data)
{
	static const unsigned short kept[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };
	const struct ifaddrmsg *address = NLMSG_DATA(message);
	struct addresses *addresses = data;
	struct netlink_request *request;

	if (message->nlmsg_type != RTM_NEWADDR || address->ifa_index != addresses->index ||
	    address->ifa_scope != RT_SCOPE_UNIVERSE || !(address->ifa_flags & IFA_F_PERMANENT))
		return 0;
	request = alloc_append(&addresses->items, &addresses->count, sizeof *request);
	netlink_begin(request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof request->address);
	request->address = (struct ifaddrmsg){ .ifa_family = address->ifa_family, .ifa_prefixlen = address->ifa_prefixlen };
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		const struct rtattr *attribute = netlink_find(message, sizeof *address, kept[i]);

		if (attribute)
			netlink_add(request, kept[i], RTA_DATA(attribute), RTA_PAYLOAD(attribute));
	}
	add_flags(message, request);
	return 0;
}

/* The kernel moves first and renames then: a name that is taken would leave the device there under its old one. */
static int check_name(const struct devices *before, struct error *e)
{
	if (!before->has_name)
		return 0;
	return error_set(e, ERROR_EXISTS, "the container's network namespace has a device \"%s\" already", before->name);
}

static int move(int outside, int namespace, unsigned index, const char *name, struct error *e)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
	request.link.ifi_index = (int)index;
	netlink_add(&request, IFLA_NET_NS_FD, &namespace, sizeof namespace);
	netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	if (netlink_ask(outside, &request) == 0)
		return 0;
	error_sys(e, "move it to the container's network namespace as \"%s\"", name);
	if (e->sys == EINVAL || e->sys == EOPNOTSUPP)
		error_hint(e, "some devices cannot leave their network namespace: ip -d link show DEVICE");
	return -1;
}

/* Its number there, which need not be the one that it had: the only one that was not there before. */
static unsigned find_new(const struct devices *before, const struct devices *after)
{
	for (size_t i = 0; i < after->count; i++) {
		size_t k = 0;

		while (k < before->count && before->indexes[k] != after->indexes[i])
			k++;
		if (k == before->count)
			return after->indexes[i];
	}
	return 0;
}

static int set_up(int inside, unsigned index, const struct addresses *addresses, bool is_up, struct error *e)
{
	for (size_t i = 0; i < addresses->count; i++) {
		addresses->items[i].address.ifa_index = index;
		if (netlink_ask(inside, &addresses->items[i]))
			return error_sys(e, "give it address %zu of %zu back", i + 1, addresses->count);
	}
	if (!is_up)
		return 0;
	return netlink_set_up(inside, index) ? error_sys(e, "bring it up in its new network namespace") : 0;
}

struct way {
	int outside, inside; /* netlink sockets */
	int namespace;       /* the container's */
};

/* Notes in to what is needed for the way back, as soon as it was moved: to->index is 0 before. */
static int carry(const struct way *way, const struct net_device *device, struct devices *before, struct devices *after,
		 struct carried *to, struct error *e)
{
	struct addresses *addresses = &to->addresses;
	struct netlink_request request;

	addresses->index = if_nametoindex(device->name);
	if (!addresses->index)
		return error_sys(e, "find the network device");
	netlink_begin(&request, RTM_GETADDR, 0, sizeof request.address);
	if (netlink_list(way->outside, &request, add_address, addresses))
		return error_sys(e, "list its addresses");
	if (list_devices(way->inside, before, e) || check_name(before, e) ||
	    move(way->outside, way->namespace, addresses->index, before->name, e) || list_devices(way->inside, after, e))
		return -1;
	to->index = find_new(before, after);
	return to->index ? set_up(way->inside, to->index, addresses, /* is_up= */ true, e)
			 : error_set(e, ERROR_INTERNAL, "it was moved and is not in the container's network namespace");
}

static int note_state(const struct way *way, const char *name, struct carried *to, struct error *e)
{
	struct devices own = { .name = name };
	int result = list_devices(way->outside, &own, e);

	(void)snprintf(to->name, sizeof to->name, "%s", name); /* the decoder has seen to its length */
	to->was_up = own.is_up;
	free(own.indexes);
	return result;
}

static int move_one(const struct way *way, const struct net_device *device, struct carried *to, struct error *e)
{
	const char *name = device->renamed ? device->renamed : device->name;
	struct devices before = { .name = name }, after = { .name = name };
	int result = note_state(way, device->name, to, e) || carry(way, device, &before, &after, to, e) ? -1 : 0;

	free(before.indexes);
	free(after.indexes);
	if (result == 0)
		return 0;
	error_in(e, "%s", device->name);
	error_at(e, "%s", device->name);
	return error_at(e, "linux.netDevices");
}

static int open_way(const struct net_moves *moves, struct way *ret, struct error *e)
{
	autoclose int outside = netlink_open(-1, e);
	int inside = outside < 0 ? -1 : netlink_open(moves->namespace, e);

	if (inside < 0)
		return -1;
	*ret = (struct way){ .outside = take_fd(&outside), .inside = inside, .namespace = moves->namespace };
	return 0;
}

static void close_way(const struct way *way)
{
	close(way->outside);
	close(way->inside);
}

int net_devices_move(const struct container *container, pid_t pid, struct net_moves **ret, struct error *e)
{
	const struct oci_part *oci = container->oci;
	autofree char *path = text_format("/proc/%d/ns/net", (int)pid);
	struct net_moves *moves;
	struct way way;
	int result = 0;

	if (!oci->net_device_count)
		return 0;
	*ret = moves = alloc_zeroed(1, sizeof *moves);
	moves->namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (moves->namespace < 0)
		return error_sys(e, "open the container's network namespace");
	if (open_way(moves, &way, e))
		return error_at(e, "linux.netDevices");
	for (size_t i = 0; result == 0 && i < oci->net_device_count; i++) {
		struct carried *to = alloc_append(&moves->items, &moves->count, sizeof *to);

		*to = (struct carried){ 0 };
		result = move_one(&way, &oci->net_devices[i], to, e);
	}
	close_way(&way);
	return result;
}

static int bring_back(const struct way *way, int home, const struct carried *device, struct error *e)
{
	unsigned index;

	if (move(way->inside, home, device->index, device->name, e))
		return -1;
	index = if_nametoindex(device->name);
	return index ? set_up(way->outside, index, &device->addresses, device->was_up, e) : error_sys(e, "find it where it came from");
}

void net_devices_return(struct net_moves *moves)
{
	autoclose int home = -1;
	struct error e = { 0 };
	struct way way;

	if (!moves)
		return;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home >= 0 && moves->count && open_way(moves, &way, &e) == 0) {
		for (size_t i = moves->count; i-- > 0;) {
			if (moves->items[i].index && bring_back(&way, home, &moves->items[i], &e))
				log_warning("network device %s: bring it back: %s, continuing", moves->items[i].name, e.text);
			error_clear(&e);
		}
		close_way(&way);
	}
	net_moves_free(moves);
}

void net_moves_free(struct net_moves *moves)
{
	if (!moves)
		return;
	for (size_t i = 0; i < moves->count; i++)
		free(moves->items[i].addresses.items);
	if (moves->namespace >= 0)
		close(moves->namespace);
	free(moves->items);
	free(moves);
}
