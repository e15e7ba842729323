/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_room.h - whether a network can hold so many published ports, asked before anything is begun.
 */
#pragma once

#include <stddef.h>

struct error;

/* sockets: of the host, one for each port and address ("8080:80" is on two). whose: for the message, "web". -1 with ERROR_UNSUPPORTED where
 * a network has fewer, or the limit of open files that is inherited from here is too low for its process. */
int port_room_check(size_t sockets, const char *whose, struct error *e);
