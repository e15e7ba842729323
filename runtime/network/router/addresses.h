/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addresses.h - who has which address of the network.
 *
 * An address is an index: 1 is the router, from 2 to the middle of the subnet are instances, from the middle on services. Both families
 * have the same index. What is durable is written to the file "addresses" before it is told to anybody: an instance has its address as
 * long as its definition is there, a service for good.
 */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/network/subnet.h"

struct error;
struct network_run;
struct text;

struct lease {
	char *name;
	unsigned index;
	bool is_service, is_durable;
};

struct addresses {
	uint32_t subnet; /* in host order */
	unsigned size;   /* so many indexes */
	struct in6_addr prefix6;
	bool has_ip6;    /* this kernel knows IPv6 */
	char *apps;      /* STORE/apps */
	int folder;      /* of leases (network/leases.h); -1: nothing is kept */
	struct lease *leases;
	size_t count;
	unsigned next;   /* where the search for a free one begins: an address is not given again at once */
};

enum { ADDRESS_ROUTER = 1, ADDRESS_FIRST = 2 };

struct address_texts {
	char ip4[INET_ADDRSTRLEN], ip6[INET6_ADDRSTRLEN]; /* ip6 is "-" without IPv6 */
};

int addresses_open(struct addresses *a, const struct network_run *run, struct error *e);
void addresses_release(struct addresses *a);

/* The index of an instance or a service, leased where it has none. -1 with an error where none is free. */
int addresses_lease(struct addresses *a, const char *name, bool is_service, bool is_durable, struct error *e);

/* The index that it had before this process: it has it again, where nobody else has. */
void addresses_restore(struct addresses *a, const char *name, unsigned index, bool is_service);

/* A lease that is not durable ends. */
void addresses_return(struct addresses *a, const char *name, bool is_service);

/* First index of services. */
unsigned addresses_middle(const struct addresses *a);

void addresses_print(const struct addresses *a, unsigned index, struct address_texts *ret);
/* All of them, by the router's own. */
struct subnet addresses_subnet(const struct addresses *a);

struct in_addr addresses_ip4(const struct addresses *a, unsigned index);
struct in6_addr addresses_ip6(const struct addresses *a, unsigned index);
