/* SPDX-License-Identifier: Apache-2.0 */
/*
 * externals.c - whether what is there of networks and volumes is as the file has it. Those that it calls external nobody else would miss: a
 * name that nobody has comes about by itself, and a service would find an empty volume, or nobody, where it expects what others made.
 */
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/network/record.h"
#include "runtime/storage/volumes.h"

static int refuse_missing(const struct stack_network *network, struct error *e)
{
	error_set(e, ERROR_MISSING, "networks.%s: the network %s is external, and is not there", network->key, network->name);
	return error_hint(e, "box network create %s, or leave \"external\" out", network->name);
}

/* One that is there stays as it is as long as somebody has an address in it: who reads "internal" in the file would be wrong. */
static int check_as_written(const struct up *up, const struct stack_network *network, const struct network_record *there, struct error *e)
{
	if (network->is_internal && !there->is_internal)
		error_set(e, ERROR_EXISTS, "networks.%s: the network %s is there, and not \"internal\"", network->key, network->name);
	else if (!network->is_internal && there->is_internal)
		error_set(e, ERROR_EXISTS, "networks.%s: the network %s is there, and \"internal\"", network->key, network->name);
	else if (network->subnet && strcmp(network->subnet, there->subnet) != 0)
		error_set(e, ERROR_EXISTS, "networks.%s: the network %s is there, with the subnet %s", network->key, network->name, there->subnet);
	else
		return 0;
	if (there->is_kept)
		return error_hint(e, "\"external\": true takes it as it is; or box network rm %s, with nobody in it", network->name);
	return error_hint(e, "box down %s, then box up %s makes it anew; volumes stay", up->stack->file, up->stack->file);
}

static int check_network(const struct up *up, const struct stack_network *network, struct error *e)
{
	struct network_record there = { 0 };
	int result = 0;

	if (network_record_read(up->call->places, network->name, &there, e) == 0) {
		result = network->is_external ? 0 : check_as_written(up, network, &there, e);
		network_record_release(&there);
		return result;
	}
	if (e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	return network->is_external ? refuse_missing(network, e) : 0;
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
	bool volumes = false;

	for (size_t i = 0; i < up->stack->volume_count; i++)
		volumes |= up->stack->volumes[i].is_external;
	for (size_t i = 0; i < up->stack->network_count; i++)
		if (check_network(up, &up->stack->networks[i], e))
			return error_in(e, "%s", up->stack->file);
	return volumes && check_volumes(up, e) ? error_in(e, "%s", up->stack->file) : 0;
}
