/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_holder.c - who listens on a port of this host: /proc/net tells the socket's inode, /proc/PID/fd who has it.
 */
#include "runtime/network/port_holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/holder.h"
#include "base/text.h"

enum { LISTENS = 0x0a, UNCONNECTED = 0x07 };

/* "  0: 0100007F:1F90 00000000:0000 0A …:… …:… …  UID  TIMEOUT  INODE": the inode of a socket on that port, 0 for none. */
static uint64_t find_inode(const char *path, unsigned state, uint16_t port)
{
	autofclose FILE *table = fopen(path, "re");
	char line[512];

	while (table && fgets(line, sizeof line, table)) {
		unsigned found_port, found_state;
		uint64_t inode;

		if (sscanf(line, "%*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %" SCNu64, &found_port, &found_state,
			   &inode) == 3 &&
		    found_port == port && found_state == state && inode)
			return inode;
	}
	return 0;
}

static bool has_socket(int process, const char *link)
{
	autoclosedir DIR *folder = folder_open(process, "fd", 0);
	const struct dirent *entry;
	char target[64];

	while (folder && (entry = readdir(folder))) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strcmp(target, link) == 0)
			return true;
	}
	return false;
}

char *port_holder(int protocol, uint16_t port)
{
	static const char *const tables[][2] = { { "/proc/net/tcp", "/proc/net/tcp6" }, { "/proc/net/udp", "/proc/net/udp6" } };
	bool is_udp = protocol == IPPROTO_UDP;
	autoclosedir DIR *processes = folder_open(AT_FDCWD, "/proc", 0);
	autofree char *link = NULL;
	const struct dirent *entry;
	uint64_t inode = 0;

	for (int i = 0; i < 2 && !inode; i++)
		inode = find_inode(tables[is_udp][i], is_udp ? UNCONNECTED : LISTENS, port);
	if (!inode)
		return NULL;
	link = text_format("socket:[%" PRIu64 "]", inode);
	while (processes && (entry = readdir(processes))) {
		autoclose int process = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
						? openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		if (process >= 0 && has_socket(process, link))
			return holder_name(entry->d_name);
	}
	return NULL;
}
