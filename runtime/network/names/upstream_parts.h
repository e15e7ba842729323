/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream_parts.h - what the files of the process that asks name servers share; nobody else includes it.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { SERVERS_MOST = 3 }; /* resolv.conf(5) */

struct name_servers {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} items[SERVERS_MOST];
	size_t count;
};

/* The servers that a resolv.conf(5) names, on port 53; 127.0.0.1 where it names none. */
void name_servers_parse(const char *text, struct name_servers *ret);

/* Answers what comes over the socket until its other end is gone. */
_Noreturn void upstream_serve(int socket);
