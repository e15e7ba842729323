/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forwarding.c - forwarding on the host's interfaces.
 *
 * IPv4 forwards what comes in by an interface that forwards. IPv6 asks one switch of the whole host, which also ends router
 * advertisements: box leaves it as it is; where Linux has a switch for each interface (force_forwarding, 6.17) that is taken.
 */
#include "runtime/network/router/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/network/netlink.h"
#include "runtime/network/words.h"

#define NOTE ".forwarding"

enum { NOTE_LIMIT = 1 << 16, VALUE_LIMIT = 64 };

/* Their numbers are what a line of the note begins with. */
enum setting { OF_IP4, OF_IP6, SETTINGS };

static char *setting_of(enum setting which, const char *interface)
{
	return which == OF_IP6 ? text_format("/proc/sys/net/ipv6/conf/%s/force_forwarding", interface)
		     : text_format("/proc/sys/net/ipv4/conf/%s/forwarding", interface);
}

static bool is_off(const char *path)
{
	autorelease(text) struct text value = { 0 };
	struct error ignored = { 0 };

	return file_read(AT_FDCWD, path, VALUE_LIMIT, &value, &ignored) == 0 && value.length && value.data[0] == '0';
}

/* A host that forwards IPv6 anyway needs no switch of an interface. */
static bool is_needed(enum setting which, const char *interface)
{
	autofree char *path = setting_of(which, interface);

	return is_off(path) && (which == OF_IP4 || is_off("/proc/sys/net/ipv6/conf/all/forwarding"));
}

/* One line of the note: "0 eth0", "1 eth0". */
static bool is_line(const char *line)
{
	const char *name = line + 2;

	return (line[0] == '0' || line[0] == '1') && line[1] == ' ' && *name && strlen(name) < IF_NAMESIZE && !strpbrk(name, "/\"\\ ") &&
	       strcmp(name, "..") != 0 && strcmp(name, ".") != 0;
}

/* Which settings of which interfaces box has switched on. */
static void read_note(int networks, struct list *ret)
{
	autorelease(text) struct text lines = { 0 };
	struct error missing = { 0 };

	if (file_read(networks, NOTE, NOTE_LIMIT, &lines, &missing))
		return;
	for (char *line = lines.data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (is_line(line))
			list_add(ret, line);
	}
}

static int write_note(int networks, const struct list *noted, struct error *e)
{
	autorelease(text) struct text lines = { 0 };

	for (size_t i = 0; i < noted->count; i++)
		text_addf(&lines, "%s\n", noted->items[i]);
	return file_replace(networks, NOTE, lines.data ? lines.data : "", lines.length, 0600, e);
}

static int add_interface(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *attribute = netlink_find(message, sizeof *route, RTA_OIF);
	char name[IF_NAMESIZE];
	unsigned index;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_table != RT_TABLE_MAIN || route->rtm_type != RTN_UNICAST || !attribute)
		return 0;
	memcpy(&index, RTA_DATA(attribute), sizeof index);
	if (if_indextoname(index, name) && !text_starts(name, NETWORK_HOST_LINK) && strcmp(name, "lo") != 0 && !list_has(data, name))
		list_add(data, name);
	return 0;
}

static int list_interfaces(struct list *ret, struct error *e)
{
	struct netlink_request request;
	autoclose int socket = netlink_open(/* namespace= */ -1, e);

	if (socket < 0)
		return -1;
	netlink_begin(&request, RTM_GETROUTE, 0, sizeof request.route);
	return netlink_list(socket, &request, add_interface, ret) ? error_sys(e, "list the host's routes") : 0;
}

int forwarding_note(int networks, struct list *ret, struct error *e)
{
	autorelease(list) struct list noted = { 0 };
	bool is_new = false;

	read_note(networks, &noted);
	if (list_interfaces(ret, e))
		return -1;
	for (size_t i = 0; i < ret->count; i++)
		for (size_t which = 0; which < SETTINGS; which++) {
			autofree char *line = text_format("%zu %s", which, ret->items[i]);

			if (!is_needed(which, ret->items[i]) || list_has(&noted, line))
				continue;
			list_add(&noted, line);
			is_new = true;
		}
	return is_new ? write_note(networks, &noted, e) : 0;
}

int forwarding_begin(const char *interface, struct error *e)
{
	for (size_t which = 0; which < SETTINGS; which++) {
		autofree char *path = setting_of(which, interface);

		if (is_needed(which, interface) && file_poke(AT_FDCWD, path, "1"))
			return error_sys(e, "write 1 to %s", path);
	}
	return 0;
}

void forwarding_end(int networks)
{
	autorelease(list) struct list noted = { 0 };

	read_note(networks, &noted);
	for (size_t i = 0; i < noted.count; i++) {
		autofree char *path = setting_of(noted.items[i][0] - '0', noted.items[i] + 2);

		(void)file_poke(AT_FDCWD, path, "0"); /* the interface may have gone */
	}
	(void)unlinkat(networks, NOTE, 0); /* there is none where nothing was changed */
}

void forwarding_add_elements(int networks, struct text *commands)
{
	autorelease(list) struct list noted = { 0 };

	read_note(networks, &noted);
	for (size_t i = 0; i < noted.count; i++)
		text_addf(commands, "add element inet box opened%d { \"%s\" }\n", noted.items[i][0] == '0' ? 4 : 6, noted.items[i] + 2);
}
