/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_prepare.c - everything that exists before the first process of a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/child/sources.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/launch_parts.h"
#include "runtime/launch/sealed.h"
#include "runtime/state/group_path.h"
#include "runtime/storage/writable.h"
#include "specs/container.h"

/* What it wrote before is owned by the ids that it had then. */
static int lease_again(struct launch *l, struct error *e)
{
	int64_t noted = apps_id_base(l->background->definition);

	if (noted >= 0 && idmap_is_leased(l->store, (uint32_t)noted, l->holder)) {
		l->id_base = (uint32_t)noted;
		return 0;
	}
	if (idmap_lease(l->store, l->holder, &l->id_base, e))
		return -1;
	return apps_note_id_base(l->background->definition, l->id_base, e);
}

static int choose_ids(struct launch *l, struct error *e)
{
	if (l->places->rootless && l->container->disk_limit) {
		error_set(e, ERROR_UNSUPPORTED, "limit the writable layer: only root can set the quota of a project");
		error_at(e, "resources.limits.disk");
		return error_hint(e, "run it as root, or leave the limit out");
	}
	if (l->places->rootless) {
		if (!container_has_namespace(l->container, NAMESPACE_USER)) {
			error_set(e, ERROR_SPEC, "use the host's user ids: only root can run an app without a user namespace");
			return error_at(e, "security.userns");
		}
		id_map_for_caller(&l->map);
		return 0;
	}
	if (!l->has_user_namespace) {
		l->map = (struct id_map){ .can_setgroups = true, .uid_count = 1, .gid_count = 1 };
		l->map.uids[0] = l->map.gids[0] = (struct id_extent){ 0, 0, UINT32_MAX };
		return 0;
	}
	if (l->background ? lease_again(l, e) : idmap_lease(l->store, l->holder, &l->id_base, e))
		return -1;
	idmap_for_base(l->id_base, &l->map);
	return 0;
}

/* To the container's root, who gives them to the app's user in there. An ordinary user is that root. */
static int give_fifos(const struct launch *l, struct error *e)
{
	for (int i = 0; l->background && !l->places->rootless && i < 3; i++)
		if (l->background->fifos[i] >= 0 && fchown(l->background->fifos[i], l->map.uids[0].outside, l->map.gids[0].outside))
			return error_sys(e, "give the app's FIFO to user %u", l->map.uids[0].outside);
	return 0;
}

static int open_volumes(struct launch *l, const char *volumes, struct error *e)
{
	for (size_t i = 0; i < l->container->mount_count; i++) {
		const struct mount_entry *entry = &l->container->mounts[i];
		int lock, *place;

		if (entry->kind != MOUNT_VOLUME)
			continue;
		lock = volume_open(volumes, entry, e);
		if (lock < 0)
			return -1;
		place = alloc_append(&l->volume_locks, &l->volume_lock_count, sizeof *l->volume_locks);
		*place = lock;
	}
	return 0;
}

int launch_note_volumes(const struct launch *l, const char *volumes, struct error *e)
{
	for (size_t i = 0; i < l->container->mount_count; i++)
		if (l->container->mounts[i].kind == MOUNT_VOLUME && volume_note(volumes, &l->container->mounts[i], l->pid, e))
			return -1;
	return 0;
}

/* The child makes mount points before it sees what goes on them. What cannot be looked at is refused when it is opened. */
void launch_look_at_sources(struct launch *l)
{
	const struct container *c = l->container;

	l->source_is_file = alloc_zeroed(c->mount_count, sizeof *l->source_is_file);
	for (size_t i = 0; i < c->mount_count; i++) {
		const struct mount_entry *entry = &c->mounts[i];
		struct stat st;

		if (entry->kind == MOUNT_BIND && (entry->has_descriptor ? fstat(entry->descriptor, &st) : stat(entry->source, &st)) == 0)
			l->source_is_file[i] = !S_ISDIR(st.st_mode);
	}
}

/* The spec's devices beside the standard nodes; everything else is refused by the device controller, where there is one. */
static int allow_devices(struct launch *l, struct error *e)
{
	autofree struct device_rule *rules = NULL;

	if (l->places->rootless)
		return 0; /* an ordinary user has no device controller, and no way to make or open a node of the host's root */
	rules = alloc_zeroed(l->container->device_count + 1, sizeof *rules);
	for (size_t i = 0; i < l->container->device_count; i++) {
		const struct device_entry *device = &l->container->devices[i];
		struct stat st;

		if (stat(device->source, &st)) {
			error_sys(e, "look at the device %s", device->source);
			return error_at(e, "%s", device->field ? device->field : "devices");
		}
		rules[i] = (struct device_rule){ true, S_ISBLK(st.st_mode) ? 'b' : 'c', (int)major(st.st_rdev), (int)minor(st.st_rdev), "" };
		memcpy(rules[i].access, device->access, sizeof device->access);
	}
	return cgroup_devices(l->group, rules, l->container->device_count, e);
}

static int make_group(struct launch *l, struct error *e)
{
	autofree char *path = group_path(l->places, l->container->name);
	const struct cgroup_request request = { .path = path, .limits = &l->container->limits };

	if (l->places->rootless)
		cgroup_seek_delegation(strrchr(path, '/') + 1);
	return cgroup_create(&request, &l->group, e);
}

/* Its supervisor holds the lock. */
static int open_state(struct launch *l, struct error *e)
{
	l->state.folder = state_folder(l->places, l->container->name, e);
	if (l->state.folder < 0)
		return -1;
	l->state.name = alloc_copy(l->container->name);
	return 0;
}

static int make_writable(struct launch *l, struct error *e)
{
	if (l->background)
		l->writable = writable_open(l->places->store, l->container->name, l->holder, &l->map, e);
	if (l->writable < 0 && e->kind != ERROR_NONE)
		return -1;
	/* Its limit is there already; the file system may be mounted in another way by now. */
	if (l->writable >= 0)
		return l->container->disk_limit && writable_check_limit(l->writable, e) ? error_at(e, "resources.limits.disk") : 0;
	l->writable = writable_make(l->places->store, l->container->name, &l->map, e);
	l->has_writable = l->writable >= 0;
	if (l->writable < 0)
		return -1;
	if (symlinkat(l->holder, l->writable, WRITABLE_HOLDER))
		return error_sys(e, "note the holder of the writable layer");
	if (l->container->disk_limit && writable_limit(l->writable, l->id_base, l->container->disk_limit, e))
		return error_at(e, "resources.limits.disk");
	return 0;
}

int launch_prepare(struct launch *l, const char *volumes, struct error *e)
{
	if (sealed_self(l->has_user_namespace, e))
		return -1;
	l->store = folder_make_private(l->places->store, e);
	if (l->store < 0)
		return -1;
	if (l->background ? open_state(l, e) : apps_refuse_name(l->places, l->container->name, e) ||
						    state_make(l->places, l->container->name, &l->state, e))
		return -1;
	if (choose_ids(l, e) || give_fifos(l, e) || namespaces_open(l->container, &l->namespaces, e))
		return -1;
	if (seccomp_prepare(l->places, l->container, &l->filter, e))
		return e->field[0] ? -1 : error_at(e, "security.seccomp");
	trace_step("launch", "seccomp filter");
	if (!l->container->read_only_root && make_writable(l, e))
		return -1;
	launch_look_at_sources(l);
	if (open_volumes(l, volumes, e))
		return -1;
	trace_step("launch", "writable layer, volumes");
	if (l->container->init && (l->init_program = sealed_init_program(e)) < 0)
		return -1;
	if (make_group(l, e) || allow_devices(l, e))
		return -1;
	trace_step("launch", "cgroup");
	return 0;
}
