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
#include <stddef.h>
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

/* nft's rules in the chain "ports_NAME" of the link: a rule for each family, whatever the number of ports, and one more where some have an
 * address. */
void leads_print(const struct lead *leads, size_t count, const struct host_link *link, struct text *to);
