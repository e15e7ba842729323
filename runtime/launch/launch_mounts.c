/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_mounts.c - the parent's part of the mounts: ids, layers, bind mounts, volumes.
 *
 * As root the parent opens and id-maps what comes from the host and sends it to the child; for an ordinary user
 * only the stages go over, and the child opens everything by itself (sources.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/places.h"
#include "runtime/child/sources.h"
#include "runtime/child/stage.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/launch_parts.h"
#include "specs/container.h"

int launch_map_ids(struct launch *l, struct error *e)
{
	const struct id_extent store = { ID_POOL_BASE, l->map.uids[0].outside, ID_RANGE };
	struct id_map shift = { .uids = { store }, .gids = { store }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };
	bool has_store_layers = false;
	char path[64];

	if (!l->has_user_namespace && l->places->rootless)
		return 0;
	if (l->has_user_namespace && id_map_write(l->pid, &l->map, e))
		return -1;
	if (l->places->rootless)
		return 0;
	for (size_t i = 0; i < l->container->layer_count; i++)
		has_store_layers |= l->container->layers[i].ids == LAYER_IDS_STORE;
	if (has_store_layers && (l->shift_userns = idmap_namespace(&shift, e)) < 0)
		return -1;
	if (!l->has_user_namespace)
		return 0;
	(void)snprintf(path, sizeof path, "/proc/%d/ns/user", (int)l->pid); /* always fits */
	l->app_userns = open(path, O_RDONLY | O_CLOEXEC);
	return l->app_userns < 0 ? error_sys(e, "open %s", path) : 0;
}

static int finish_mounts(struct launch *l, struct message *message, unsigned stage, struct error *e)
{
	int result;

	message->stage = stage;
	message->numbers[0] = l->pid; /* the child does not know how the host calls it */
	result = channel_send(l->channel, message, e);
	message_release(message);
	return result;
}

static struct sources sources_of(const struct launch *l, const char *volumes)
{
	return (struct sources){
		.app_userns = l->app_userns, .shift_userns = l->shift_userns, .map = &l->map, .volumes = volumes,
		.is_oci = l->container->oci,
	};
}

int launch_send_layers(struct launch *l, struct error *e)
{
	const struct sources sources = sources_of(l, NULL);
	struct message message;
	int result = 0;

	message_init(&message, 0);
	for (size_t i = 0; result == 0 && !l->places->rootless && i < l->container->layer_count; i++) {
		int layer = source_layer(&sources, &l->container->layers[i], e);

		result = layer < 0 ? -1 : stage_add_mount(l->channel, &message, layer, e);
	}
	if (result == 0 && l->writable >= 0 && !l->places->rootless) {
		int writable = mount_clone(l->writable, "", /* recursive= */ false, e);

		result = writable < 0 ? -1 : stage_add_mount(l->channel, &message, writable, e);
	}
	if (result == 0)
		return finish_mounts(l, &message, STAGE_GO, e);
	message_release(&message);
	return -1;
}

int launch_send_sources(struct launch *l, const char *volumes, uid_t uid, gid_t gid, struct error *e)
{
	struct sources sources = sources_of(l, volumes);
	struct message message;

	sources.uid = uid;
	sources.gid = gid;
	message_init(&message, 0);
	for (size_t i = 0; !l->places->rootless && i < l->container->mount_count; i++) {
		int mount;

		if (!source_is_needed(&l->container->mounts[i]))
			continue;
		mount = source_mount(&sources, &l->container->mounts[i], e);
		if (mount < 0 || stage_add_mount(l->channel, &message, mount, e)) {
			message_release(&message);
			return -1;
		}
	}
	return finish_mounts(l, &message, STAGE_MOUNTS, e);
}
