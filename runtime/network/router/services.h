/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - the services of the network: a name, a stable address, and what it leads to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service {
	char *name;
	unsigned index;       /* of its address */
	unsigned *targets;    /* indexes of its live instances */
	size_t target_count;
	int64_t held_until_ms; /* clock_monotonic_ms(): new connections wait until then; 0: they do not */
	int64_t comes_until_ms; /* the same, because an instance comes; 0: none does, -1: they have waited for it long enough */
	bool is_durable;
};

/* Whether new connections wait. */
bool service_is_held(const struct service *service);

struct services {
	struct service **items;
	size_t count;
};

struct service *services_find(const struct services *services, const char *name);
struct service *services_add(struct services *services, const char *name, unsigned index);
void services_remove(struct services *services, struct service *service);
void services_release(struct services *services);
