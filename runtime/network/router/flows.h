/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.h - flows through the router that have not ended, as its connection tracking knows them.
 */
#pragma once

#include <stdint.h>

struct addresses;
struct error;

/* How many lead to the member of that index: TCP connections that are established, and UDP flows with answers. */
int flows_count(const struct addresses *a, unsigned index, int64_t *ret, struct error *e);
