/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_room.h - whether a network can hold so many published ports, asked before anything is begun.
 */
#pragma once

#include <stddef.h>

struct error;

/* Of so many descriptors these stay free of the relay's connections. */
enum { PORT_ROOM_RESERVE = 256, PORT_ROOM_RESERVE_PART = 4 };
static inline size_t port_room_reserve(size_t most)
{
	return PORT_ROOM_RESERVE < most / PORT_ROOM_RESERVE_PART ? PORT_ROOM_RESERVE : most / PORT_ROOM_RESERVE_PART;
}

/* sockets: of the host, one for each port and address ("8080:80" is on two). whose: for the message, "web". -1 with ERROR_UNSUPPORTED where
 * a network has fewer, or the limit of open files that is inherited from here is too low for its process. */
int port_room_check(size_t sockets, const char *whose, struct error *e);
