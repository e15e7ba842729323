/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost.c - instances that run, and whose network has gone: its process and the spare of that were killed at once.
 *
 * The kernel has taken their links then, and only a start gives them others. A network that somebody has joined since does not have them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/apps/instances.h"
#include "runtime/network/reach.h"

/* What a network has said of its members, asked once. */
struct said {
	const char *network; /* borrowed */
	struct text shown;
	bool is_gone;
};

struct all_said {
	struct said *items;
	size_t count;
};

static const struct said *ask(const struct places *places, const char *network, struct all_said *all)
{
	struct error e = { 0 };
	struct said *said;

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->items[i].network, network) == 0)
			return &all->items[i];
	said = alloc_append(&all->items, &all->count, sizeof *said);
	*said = (struct said){ .network = network };
	said->is_gone = network_show(places, network, &said->shown, &e) && e.kind == ERROR_MISSING;
	return said;
}

/* False where the network does not say: nobody is lost. */
static bool has_lost(const struct said *said, const char *instance)
{
	autofree char *wanted = text_format("member %s ", instance);

	for (const char *line = said->shown.data; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (text_starts(line, wanted))
			return false;
	return said->is_gone || said->shown.length;
}

void up_find_lost(struct up *up)
{
	struct all_said all = { 0 };

	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];
		const struct up_service *service = up_service_of(up, instance->service);

		if (!service || instance->role != INSTANCE_LIVE || !up->conditions[i].is_running || !text_equal(instance->digest, service->digest))
			continue;
		for (size_t k = 0; k < service->run.container.network_count; k++) {
			const char *network = service->run.container.networks[k].name;

			if (has_lost(ask(up->call->places, network, &all), instance->name))
				up->conditions[i].lost_network = network;
		}
	}
	for (size_t i = 0; i < all.count; i++)
		text_release(&all.items[i].shown);
	free(all.items);
}
