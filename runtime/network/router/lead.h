/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead.h - a port of the host that is led past the relay ("mode": "dnat"), known by the socket that holds it.
 *
 * Whoever asks shows the socket, and nothing else: the kernel says of which port it is. So who has no socket of the host's cannot have a
 * port led, whatever he says.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct host_link;
struct text;

struct lead {
	int family, protocol; /* AF_INET, AF_INET6; IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
	struct in6_addr address; /* four bytes for AF_INET; all zero: every address of the host */
};

/* False where it is no bound socket of TCP or UDP in this process' own network namespace, or on a loopback address. */
bool lead_of_socket(int socket, struct lead *ret);

/* nft's rule in the chain "ports_NAME" of the link. */
void lead_print(const struct lead *lead, const struct host_link *link, struct text *to);
