/* SPDX-License-Identifier: Apache-2.0 */
/*
 * externals.c - whether the networks and volumes that a file calls external are there. Nobody else would miss them: a name that nobody has
 * comes about by itself, and a service would find an empty volume, or nobody, where it expects what others made.
 */
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/private_networks.h"
#include "runtime/volumes.h"

static int check_network(const struct stack_network *network, const struct network_info *infos, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(infos[i].record.name, network->name) == 0)
			return 0;
	error_set(e, ERROR_MISSING, "networks.%s: the network %s is external, and is not there", network->key, network->name);
	return error_hint(e, "box network create %s, or leave \"external\" out", network->name);
}

static int check_networks(const struct up *up, struct error *e)
{
	struct network_info *infos = NULL;
	size_t count = 0;
	int result = private_networks_list(up->call->places, &infos, &count, e);

	for (size_t i = 0; i < up->stack->network_count && result == 0; i++)
		if (up->stack->networks[i].is_external)
			result = check_network(&up->stack->networks[i], infos, count, e);
	private_networks_free(infos, count);
	return result;
}

static int check_volume(const struct stack_volume *volume, const struct volume *there, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(there[i].name, volume->name) == 0)
			return 0;
	error_set(e, ERROR_MISSING, "volumes.%s: the volume %s is external, and is not there", volume->key, volume->name);
	return error_hint(e, "box volume create %s, or leave \"external\" out", volume->name);
}

static int check_volumes(const struct up *up, struct error *e)
{
	struct volume *there = NULL;
	size_t count = 0;
	int result = volumes_list(up->call->places, &there, &count, e);

	for (size_t i = 0; i < up->stack->volume_count && result == 0; i++)
		if (up->stack->volumes[i].is_external)
			result = check_volume(&up->stack->volumes[i], there, count, e);
	volumes_free(there, count);
	return result;
}

int up_check_externals(const struct up *up, struct error *e)
{
	bool networks = false, volumes = false;

	for (size_t i = 0; i < up->stack->network_count; i++)
		networks |= up->stack->networks[i].is_external;
	for (size_t i = 0; i < up->stack->volume_count; i++)
		volumes |= up->stack->volumes[i].is_external;
	if ((networks && check_networks(up, e)) || (volumes && check_volumes(up, e)))
		return error_in(e, "%s", up->stack->file);
	return 0;
}
