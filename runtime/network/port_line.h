/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_line.h - a published port in the words of box and box-net: "tcp TARGET ADDRESS PUBLISHED host|dnat".
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct text;

struct host_port {
	int protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t target, published;
	char address[INET6_ADDRSTRLEN]; /* "0.0.0.0" and "::" are everybody */
	bool is_dnat;
	int fd; /* bound; TCP: listens. -1: there is none, or another process has it */
};

const char *port_protocol_word(int protocol);

/* False where the line is none; fd is -1. */
bool host_port_read(const char *line, struct host_port *ret);
void host_port_print(const struct host_port *port, struct text *ret);

/* For people: "127.0.0.1:8080", "[::1]:8080". */
void host_port_print_address(const struct host_port *port, struct text *ret);

/* The same port of the host, whatever it leads to. */
bool host_port_is_same(const struct host_port *a, const struct host_port *b);

/* Whether everybody who can reach the host can reach it: no loopback address. */
bool host_port_is_wide(const struct host_port *port);
