/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_room.c - whether a network can hold so many published ports.
 *
 * Its process (box-net) and its spare hold every socket, and box binds all of them before it hands over the first. Each raises its soft
 * limit of open files to the hard one, which box-net has from the box that begins it.
 */
#include "runtime/network/port_room.h"

#include <stdint.h>
#include <sys/resource.h>

#include "base/error.h"
#include "runtime/network/words.h"

/* What it needs for itself, its members and some connections. */
enum { OTHERS = 128 };

int port_room_check(size_t sockets, const char *whose, struct error *e)
{
	struct rlimit files = { .rlim_max = RLIM_INFINITY };
	size_t most = NETWORK_PORTS_MOST, room;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < 2 * NETWORK_PORTS_MOST) {
		size_t hard = files.rlim_max, reserve = port_room_reserve(hard);

		room = hard > reserve + OTHERS ? hard - reserve - OTHERS : 0;
		most = room < most ? room : most;
	}
	if (sockets <= most)
		return 0;
	error_set(e, ERROR_UNSUPPORTED, "publish the ports of %s: they are %zu sockets of this host, and one network can hold %zu%s", whose,
		  sockets, most, most < NETWORK_PORTS_MOST ? ", because of the hard limit of open files" : "");
	if (most < NETWORK_PORTS_MOST)
		return error_hint(e, "raise the limit where box is begun (ulimit -Hn; LimitNOFILE= of a unit): it is %ju",
				  (uintmax_t)files.rlim_max);
	return error_hint(e, "a port without \"host_ip\" is two sockets, one of IPv4 and one of IPv6; other networks have their own ports");
}
