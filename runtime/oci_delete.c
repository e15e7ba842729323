/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_delete.c - the end of an OCI container: its processes, its cgroup, its poststop hooks and its record.
 */
#include "runtime/oci.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/child/hooks.h"
#include "runtime/child/oci_state.h"
#include "runtime/launch/oci_brief.h"
#include "runtime/launch/oci_container.h"
#include "runtime/oci_parts.h"
#include "runtime/state/state.h"
#include "runtime/sweep.h"
#include "specs/container.h"

enum { STEP_US = 2000, PATIENCE_US = 10000000 };

/* Sends SIGKILL until the first process is gone, with everything in its cgroup: without a pid namespace of its own the others stay. */
static int end_processes(const struct record *record, struct cgroup *group, struct error *e)
{
	autoclose int pidfd = process_open((pid_t)record->pid);

	if (pidfd >= 0 && process_start_time((pid_t)record->pid) == record->start_time)
		(void)process_signal(pidfd, SIGKILL); /* it may have ended by itself */
	if (cgroup_kill(group, SIGKILL, e))
		return -1;
	for (int64_t waited = 0; process_start_time((pid_t)record->pid) == record->start_time && !process_is_zombie((pid_t)record->pid);
	     waited += STEP_US) {
		if (waited > PATIENCE_US)
			return error_set(e, ERROR_KERNEL, "delete %s: its first process was killed and does not end", record->name);
		usleep(STEP_US);
	}
	return 0;
}

static int check_deletable(const struct places *places, const struct record *record, bool alive, bool force, struct error *e)
{
	if (force || !alive || state_is_waiting(places, record->name))
		return 0;
	error_set(e, ERROR_EXISTS, "delete %s: cannot delete container that is not stopped: %s", record->name,
		  oci_status(places, record, alive));
	return error_hint(e, "box kill %s KILL, or box delete --force %s", record->name, record->name);
}

static void run_poststop(const struct state *state, const struct record *record)
{
	struct container container = { 0 };
	struct error e = { 0 };
	struct oci_state described = { .version = record->oci_version, .id = record->name, .pid = 0, .status = (char *)"stopped",
				       .bundle = record->bundle, .rootfs = record->rootfs, .annotations = record->annotations };

	if (oci_brief_concerns_start(state->folder) && oci_container_of(state->folder, state->name, &container, &e) == 0)
		hooks_run_all(&container, HOOK_POSTSTOP, &described);
	container_release(&container);
}

/* Whether another container that lives was made in the same group after the end of this one: engines may say one path twice. */
static bool is_others_by_now(const struct places *places, const struct record *record, const struct cgroup *group)
{
	autorelease(list) struct list names = { 0 };
	struct error ignored = { 0 };
	bool result = false;

	if (cgroup_is_empty(group) || state_names(places, &names, &ignored))
		return false;
	for (size_t i = 0; !result && i < names.count; i++) {
		struct record other = { 0 };
		bool alive;

		if (strcmp(names.items[i], record->name) == 0 || state_read(places, names.items[i], &other, &alive, &ignored))
			continue;
		result = alive && text_equal(other.cgroup, record->cgroup);
		record_release(&other);
	}
	return result;
}

static int clear_group(const struct places *places, const struct record *record, bool alive, struct error *e)
{
	struct cgroup *group = NULL;
	int result = 0;

	if (cgroup_open(record->cgroup ? record->cgroup : "", &group, e))
		return -1;
	if (!alive && is_others_by_now(places, record, group))
		log_warning("delete %s: its cgroup %s stays: another container is in it", record->name, cgroup_path(group));
	else if (end_processes(record, group, e) || cgroup_remove(group, e))
		result = -1;
	cgroup_free(group);
	return result;
}

static int remove_locked(const struct places *places, struct state *state, bool force, struct error *e)
{
	struct record record = { 0 };
	bool alive;
	int result;

	if (state_read(places, state->name, &record, &alive, e))
		return -1;
	result = check_deletable(places, &record, alive, force, e) || clear_group(places, &record, alive, e) ? -1 : 0;
	if (result == 0)
		run_poststop(state, &record);
	record_release(&record);
	return result ? -1 : state_remove(places, state, e);
}

int oci_delete_known(const struct places *places, const char *id, bool force, struct error *e)
{
	struct state state;
	int swept;

	if (state_lock(places, id, &state, e)) {
		if (force && e->kind == ERROR_MISSING) {
			error_clear(e);
			return 0;
		}
		return -1;
	}
	if (remove_locked(places, &state, force, e) == 0)
		return 0;
	state_release(&state);
	if (e->kind != ERROR_MISSING)
		return -1;
	/* The lock was held by a create that was killed, and let go of only now. */
	error_clear(e);
	swept = sweep_one(places, id, e);
	return swept < 0 ? -1 : force ? 0 : state_missing(id, e);
}

int oci_delete(const struct places *places, const char *id, bool force, struct error *e)
{
	int swept;

	if (name_check(id, e))
		return -1;
	/* One whose create was killed half-way has no record. */
	swept = sweep_one(places, id, e);
	if (swept < 0)
		return -1;
	if (swept > 0)
		return force ? 0 : state_missing(id, e);
	return oci_delete_known(places, id, force, e);
}
