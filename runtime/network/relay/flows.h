/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.h - flows through the router that have not ended, as its connection tracking knows them.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>

struct error;

/* How many lead to the member that has these addresses: TCP connections that are established, and UDP flows with answers. */
int flows_count(struct in_addr ip4, struct in6_addr ip6, int64_t *ret, struct error *e);
