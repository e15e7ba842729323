/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_device.c - network devices of the host that a container gets.
 */
#include "runtime/net_device.h"

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
#include "runtime/netlink.h"
#include "specs/container.h"

/* The devices of a namespace. */
struct devices {
	unsigned *indexes;
	size_t count;
	const char *name; /* one of interest: has_name tells whether it is there */
	bool has_name;
};

/* What one device takes along. */
struct addresses {
	struct netlink_request *items; /* RTM_NEWADDR, the index still to be written */
	size_t count;
	unsigned index; /* of the device on the host */
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
	devices->has_name |= name && strncmp(RTA_DATA(name), devices->name, RTA_PAYLOAD(name)) == 0;
	return 0;
}

static int list_devices(int socket, struct devices *devices, struct error *e)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, sizeof request.link);
	return netlink_list(socket, &request, add_device, devices) ? error_sys(e, "list the container's network devices") : 0;
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

static int set_up(int inside, unsigned index, const struct addresses *addresses, struct error *e)
{
	struct netlink_request request;

	for (size_t i = 0; i < addresses->count; i++) {
		addresses->items[i].address.ifa_index = index;
		if (netlink_ask(inside, &addresses->items[i]))
			return error_sys(e, "give it address %zu of %zu back", i + 1, addresses->count);
	}
	netlink_begin(&request, RTM_NEWLINK, 0, sizeof request.link);
	request.link.ifi_index = (int)index;
	request.link.ifi_flags = request.link.ifi_change = IFF_UP;
	return netlink_ask(inside, &request) ? error_sys(e, "bring it up in the container's network namespace") : 0;
}

struct way {
	int outside, inside; /* netlink sockets */
	int namespace;       /* the container's */
};

static int carry(const struct way *way, const struct net_device *device, struct devices *before, struct devices *after,
		 struct addresses *addresses, struct error *e)
{
	struct netlink_request request;
	unsigned index;

	addresses->index = if_nametoindex(device->name);
	if (!addresses->index)
		return error_sys(e, "find the network device");
	netlink_begin(&request, RTM_GETADDR, 0, sizeof request.address);
	if (netlink_list(way->outside, &request, add_address, addresses))
		return error_sys(e, "list its addresses");
	if (list_devices(way->inside, before, e) || check_name(before, e) ||
	    move(way->outside, way->namespace, addresses->index, before->name, e) || list_devices(way->inside, after, e))
		return -1;
	index = find_new(before, after);
	return index ? set_up(way->inside, index, addresses, e)
		     : error_set(e, ERROR_INTERNAL, "it was moved and is not in the container's network namespace");
}

static int move_one(const struct way *way, const struct net_device *device, struct error *e)
{
	const char *name = device->renamed ? device->renamed : device->name;
	struct devices before = { .name = name }, after = { .name = name };
	struct addresses addresses = { 0 };
	int result = carry(way, device, &before, &after, &addresses, e);

	free(before.indexes);
	free(after.indexes);
	free(addresses.items);
	if (result == 0)
		return 0;
	error_in(e, "%s", device->name);
	error_at(e, "%s", device->name);
	return error_at(e, "linux.netDevices");
}

int net_devices_move(const struct container *container, pid_t pid, struct error *e)
{
	const struct oci_part *oci = container->oci;
	autofree char *path = text_format("/proc/%d/ns/net", (int)pid);
	autoclose int namespace = -1;
	autoclose int inside = -1;
	autoclose int outside = -1;
	struct way way;

	if (!oci->net_device_count)
		return 0;
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return error_sys(e, "open the container's network namespace");
	outside = netlink_open(-1, e);
	inside = outside < 0 ? -1 : netlink_open(namespace, e);
	if (inside < 0)
		return error_at(e, "linux.netDevices");
	way = (struct way){ .outside = outside, .inside = inside, .namespace = namespace };
	for (size_t i = 0; i < oci->net_device_count; i++)
		if (move_one(&way, &oci->net_devices[i], e))
			return -1;
	return 0;
}
