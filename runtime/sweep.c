/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c - clearing away what a box that was killed, or a reboot, left.
 *
 * A state folder whose lock is free names everything that its container had. It is removed last, and only where everything else is
 * gone: what could not be removed is tried again by the next sweep. State does not survive a reboot, and the store does: what in it
 * belongs to a state folder that is gone is an orphan.
 */
#include "runtime/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/private_networks.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/state/group_path.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "runtime/storage/writable.h"

/* Every part may be missing: its box may have died at any point. */
static int clear_remains(const struct places *places, struct state *state, struct error *e)
{
	autofree char *group = group_path(places, state->name);
	autofree char *holder = text_format("%s/%s", places->state, state->name);
	autofree char *store = state->folder >= 0 ? state_store(state) : NULL;
	autoclose int store_fd = store ? open(store, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	struct id_map map = { 0 };

	if (state->name[0] != '.') {
		if (cgroup_remove_path(group, e))
			return -1;
		if (places->rootless)
			id_map_for_caller(&map);
		if (store && writable_remove(store, state->name, &map, e))
			return -1;
		if (store_fd >= 0)
			idmap_return(store_fd, 0, holder);
	}
	return state_remove(places, state, e);
}

/* An OCI container lives until delete, with nobody to hold its lock; one without a record was never finished. */
static bool is_engines(const struct places *places, const char *name)
{
	struct record record = { 0 };
	struct error ignored = { 0 };
	bool alive, result;

	if (state_read(places, name, &record, &alive, &ignored))
		return false;
	result = record.bundle;
	record_release(&record);
	return result;
}

int sweep_one(const struct places *places, const char *name, struct error *e)
{
	struct state state;
	int adopted = state_adopt(places, name, &state, e);

	if (adopted <= 0)
		return adopted;
	if (is_engines(places, name)) {
		state_release(&state);
		return 0;
	}
	/* The supervisor of an app in the background is gone: its app is not, or is to be started again. */
	if (background_adopt(places, &state)) {
		state_release(&state);
		return 0;
	}
	if (clear_remains(places, &state, e)) {
		state_release(&state);
		return error_in(e, "clear what %s left", name);
	}
	return 1;
}

/* What was to go with its end, which nobody of box has seen. */
static int remove_left(const struct places *places, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	int result = apps_names_left(places, &names, e);

	for (size_t i = 0; i < names.count; i++) {
		struct error here = { 0 };

		/* Another sweep may have been faster. */
		if (background_remove(places, names.items[i], /* force= */ false, &here) == 0 || here.kind == ERROR_MISSING || result)
			continue;
		*e = here;
		result = -1;
	}
	return result;
}

static int sweep_store(const struct places *places, struct error *e)
{
	autoclose int store = open(places->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int held = -1;
	struct error later = { 0 };
	struct id_map map = { 0 };
	int result;

	if (store < 0)
		return errno == ENOENT ? 0 : error_sys(e, "open the store %s", places->store);
	if (places->rootless)
		id_map_for_caller(&map);
	result = remove_left(places, e);
	/* While an app is renamed, what it wrote is nobody's. */
	if (apps_hold(places->store, &held, result ? &later : e))
		return -1;
	if (apps_sweep(places->store, result ? &later : e))
		result = -1;
	if (writable_sweep(places->store, &map, result ? &later : e))
		result = -1;
	return idmap_sweep(store, result ? &later : e) || result ? -1 : 0;
}

int box_sweep(const struct places *places, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	int result = state_names(places, &names, e);

	for (size_t i = 0; i < names.count; i++) {
		struct error later = { 0 };

		if (sweep_one(places, names.items[i], &later) < 0 && result == 0) {
			result = -1;
			*e = later;
		}
	}
	if (result == 0)
		result = private_networks_sweep(places, e);
	return result ? -1 : sweep_store(places, e);
}
