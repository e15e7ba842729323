/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost.c - instances that run, and whose network has gone: its process and the spare of that were killed at once.
 *
 * The kernel has taken their links then, and only a start gives them others. A network that somebody has joined since does not have them.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/apps/instances.h"
#include "runtime/network/reach.h"

/* False where the network does not say: nobody is lost. */
static bool has_lost(const struct places *places, const char *network, const char *instance)
{
	autofree char *wanted = text_format("member %s ", instance);
	autorelease(text) struct text shown = { 0 };
	struct error e = { 0 };

	if (network_show(places, network, &shown, &e))
		return e.kind == ERROR_MISSING;
	for (const char *line = shown.data; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (text_starts(line, wanted))
			return false;
	return shown.length;
}

void up_find_lost(struct up *up)
{
	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];
		const struct up_service *service = up_service_of(up, instance->service);

		if (!service || instance->role != INSTANCE_LIVE || !up->conditions[i].is_running || !text_equal(instance->digest, service->digest))
			continue;
		for (size_t k = 0; k < service->run.container.network_count; k++)
			if (has_lost(up->call->places, service->run.container.networks[k].name, instance->name))
				up->conditions[i].lost_network = service->run.container.networks[k].name;
	}
}
