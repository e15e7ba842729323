/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.c - the services of the network.
 */
#include "runtime/network/router/services.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct service *services_find(const struct services *services, const char *name)
{
	for (size_t i = 0; i < services->count; i++)
		if (strcmp(services->items[i]->name, name) == 0)
			return services->items[i];
	return NULL;
}

struct service *services_add(struct services *services, const char *name, unsigned index)
{
	struct service *service = alloc_zeroed(1, sizeof *service), **place = alloc_append(&services->items, &services->count, sizeof *place);

	*service = (struct service){ .name = alloc_copy(name), .index = index };
	*place = service;
	return service;
}

bool service_is_held(const struct service *service)
{
	return service->held_until_ms || service->comes_until_ms > 0;
}

static void free_service(struct service *service)
{
	free(service->name);
	free(service->targets);
	free(service);
}

void services_remove(struct services *services, struct service *service)
{
	for (size_t i = 0; i < services->count; i++) {
		if (services->items[i] != service)
			continue;
		services->items[i] = services->items[--services->count];
		free_service(service);
		return;
	}
}

void services_release(struct services *services)
{
	for (size_t i = 0; i < services->count; i++)
		free_service(services->items[i]);
	free(services->items);
	*services = (struct services){ 0 };
}
