/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box.c - the verbs on containers.
 */
#include "runtime/box.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/exit_gather.h"
#include "runtime/background.h"
#include "runtime/job_outlook.h"
#include "runtime/launch/sealed.h"
#include "runtime/logs/events.h"
#include "runtime/oci.h"
#include "runtime/state/namespace_pids.h"
#include "runtime/state/state.h"
#include "runtime/supervise/health_record.h"
#include "runtime/sweep.h"
#include "specs/container.h"

enum { STEP_US = 10000, PATIENCE_US = 5000000 };

int box_seal(struct error *e)
{
	return sealed_self(/* has_user_namespace= */ false, e);
}

static void note(const struct places *places, const char *action, const char *name)
{
	events_note(places, "container", action, name, NULL);
}

static void note_kill(const struct places *places, const char *name, int signal)
{
	autofree char *word = alloc_copy(signal_name(signal));
	const struct event kill = { .signal = word };

	events_note(places, "container", "kill", name, &kill);
}

static int open_group(const struct places *places, const char *name, struct record *ret, bool *ret_alive, struct cgroup **ret_group,
		      struct error *e)
{
	if (name_check(name, e) || state_read(places, name, ret, ret_alive, e))
		return -1;
	if (cgroup_open(ret->cgroup ? ret->cgroup : "", ret_group, e)) {
		record_release(ret);
		return -1;
	}
	return 0;
}

static const char *health_of(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	return folder < 0 ? "" : health_word(health_record_status(folder));
}

static void describe(const struct places *places, const struct record *record, bool alive, struct box_info *info)
{
	autorelease(text) struct text command = { 0 };
	struct error ignored = { 0 };
	struct cgroup *group = NULL;

	for (size_t i = 0; i < record->args.count; i++)
		text_addf(&command, "%s%s", i ? " " : "", record->args.items[i]);
	info->name = alloc_copy(record->name);
	info->image = alloc_copy(record->image);
	info->command = text_take(&command);
	info->pid = (pid_t)record->pid;
	info->created = record->created;
	info->health = alive ? health_of(places, record->name) : "";
	info->status = alloc_copy(!alive ? "stopped" : state_is_waiting(places, record->name) ? "created" : "running");
	if (alive && cgroup_open(record->cgroup ? record->cgroup : "", &group, &ignored) == 0) {
		if (cgroup_is_frozen(group)) {
			free(info->status);
			info->status = alloc_copy("paused");
		}
		cgroup_free(group);
	}
}

static int by_creation(const void *a, const void *b)
{
	const struct box_info *one = a, *two = b;

	if (one->created != two->created)
		return one->created < two->created ? 1 : -1;
	return strcmp(one->name, two->name);
}

int box_list(const struct places *places, struct box_info **ret, size_t *ret_count, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	struct box_info *infos = NULL;
	size_t count = 0;

	if (state_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct record record = { 0 };
		struct error ignored = { 0 };
		bool alive;

		/* A container that is being made or removed at this moment has no record. */
		if (names.items[i][0] == '.' || state_read(places, names.items[i], &record, &alive, &ignored))
			continue;
		if (alive || !apps_exists(places, names.items[i]))
			describe(places, &record, alive, alloc_append(&infos, &count, sizeof *infos));
		record_release(&record);
	}
	if (background_list(places, &infos, &count, e)) {
		box_list_free(infos, count);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		job_describe(places, &infos[i]);
	if (count)
		qsort(infos, count, sizeof *infos, by_creation);
	*ret = infos;
	*ret_count = count;
	return 0;
}

void box_list_free(struct box_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(infos[i].name);
		free(infos[i].image);
		free(infos[i].command);
		free(infos[i].status);
		free(infos[i].schedule);
	}
	free(infos);
}

int box_pids(const struct places *places, const char *name, int **ret_pids, size_t *ret_count, struct error *e)
{
	struct cgroup *group = NULL;
	struct record record = { 0 };
	bool alive;
	int result;

	if (open_group(places, name, &record, &alive, &group, e))
		return -1;
	result = cgroup_pids(group, ret_pids, ret_count, e);
	/* An ordinary user's may have no cgroup. */
	if (result == 0 && alive && !*ret_count)
		result = namespace_pids((pid_t)record.pid, ret_pids, ret_count, e);
	cgroup_free(group);
	record_release(&record);
	return result;
}

/* A pidfd of the first process that cannot be anybody else's: opened, then checked against the start time. */
static int open_first(const struct record *record, struct error *e)
{
	autoclose int pidfd = process_open((pid_t)record->pid);

	if (pidfd < 0 || process_start_time((pid_t)record->pid) != record->start_time)
		return error_set(e, ERROR_MISSING, "signal %s: container not running", record->name);
	return take_fd(&pidfd);
}

/* is_asked: somebody wants this very signal; it is noted. */
static int send_signal(const struct places *places, const char *name, int signal, bool all, bool is_asked, struct error *e)
{
	struct cgroup *group = NULL;
	struct record record = { 0 };
	autoclose int pidfd = -1;
	bool alive;
	int result = -1;

	if (open_group(places, name, &record, &alive, &group, e))
		return -1;
	/* Before the signal: whoever explains the end may do so at once. */
	if (is_asked && !record.bundle)
		exit_note_kill(places, name, signal);
	/* all: also those that have outlived the first process, which is possible without a pid namespace of its own. */
	if (all)
		result = cgroup_kill(group, signal, e);
	else if (!alive) /* a zombie can be signalled, but hears nothing */
		result = error_set(e, ERROR_MISSING, "signal %s: container not running", name);
	else if ((pidfd = open_first(&record, e)) >= 0)
		result = process_signal(pidfd, signal) ? error_sys(e, "signal %s", name) : 0;
	/* It ends when somebody lets it go on, and after SIGKILL nobody else will. */
	if (result == 0 && signal == SIGKILL)
		result = cgroup_let_die(group, e);
	if (result == 0 && is_asked && !record.bundle)
		note_kill(places, name, signal);
	cgroup_free(group);
	record_release(&record);
	return result;
}

/* For the supervisor, before the app falls silent and after it can speak again. */
static void note_pause(const struct places *places, const char *name, bool paused)
{
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	/* Without the note a check of a paused app fails, which is no reason to fail here. */
	if (folder >= 0 && paused)
		(void)file_replace(folder, HEALTH_PAUSED_FILE, "", 0, 0600, &ignored);
	else if (folder >= 0)
		(void)unlinkat(folder, HEALTH_PAUSED_FILE, 0);
}

int box_kill(const struct places *places, const char *name, int signal, bool all, struct error *e)
{
	return send_signal(places, name, signal, all, /* is_asked= */ true, e);
}

int box_pause(const struct places *places, const char *name, bool paused, struct error *e)
{
	struct cgroup *group = NULL;
	struct record record = { 0 };
	bool alive;
	int result;

	if (open_group(places, name, &record, &alive, &group, e))
		return -1;
	if (alive && paused && !record.bundle)
		note_pause(places, name, paused);
	result = alive ? cgroup_freeze(group, paused, e) : error_set(e, ERROR_MISSING, "pause %s: container not running", name);
	if (alive && (!paused || result) && !record.bundle)
		note_pause(places, name, /* paused= */ false);
	if (result == 0 && !record.bundle)
		note(places, paused ? "pause" : "unpause", name);
	cgroup_free(group);
	record_release(&record);
	return result;
}

bool box_is_paused(const struct places *places, const char *name)
{
	struct cgroup *group = NULL;
	struct record record = { 0 };
	struct error ignored = { 0 };
	bool alive = false, is_paused;

	if (open_group(places, name, &record, &alive, &group, &ignored))
		return false;
	is_paused = alive && cgroup_is_frozen(group);
	cgroup_free(group);
	record_release(&record);
	return is_paused;
}

/* Whether it is an OCI container, and whether its first process has ended. Such a one stays until somebody deletes it. */
static bool is_bundle(const struct places *places, const char *name, bool *ret_ended)
{
	struct record record = { 0 };
	struct error ignored = { 0 };
	bool alive = false, result;

	if (state_read(places, name, &record, &alive, &ignored))
		return false;
	result = record.bundle;
	*ret_ended = result && !alive;
	record_release(&record);
	return result;
}

/* Whether it is over in time: the box that runs the container has removed it, or an OCI container has stopped. */
static bool is_over_within(const struct places *places, const char *name, int64_t wait_us)
{
	struct error ignored = { 0 };

	for (int64_t waited = 0; waited <= wait_us; waited += STEP_US) {
		bool has_ended = false;

		if (sweep_one(places, name, &ignored) || !state_exists(places, name) || (is_bundle(places, name, &has_ended) && has_ended))
			return true;
		usleep(STEP_US);
	}
	return false;
}

/* Where a container that is no app in the background is not found either, what kept the store from telling of such apps is the cause: it
 * may be somebody else's. */
static int blame_store(const struct error *store, struct error *e)
{
	if (e->kind == ERROR_MISSING && store->kind != ERROR_NONE)
		*e = *store;
	return -1;
}

/* The signal for the first process, or SIGKILL where the kernel would drop it: nothing else would ever end that process. */
static int ask_to_end(const struct places *places, const char *name, int64_t *grace_us, struct error *e)
{
	struct record record = { 0 };
	autoclose int pidfd = -1;
	int signal, result;
	bool alive;

	if (state_read(places, name, &record, &alive, e))
		return -1;
	signal = record.stop_signal ? (int)record.stop_signal : SIGTERM;
	if (*grace_us < 0)
		*grace_us = record.stop_grace_us;
	pidfd = open_first(&record, e);
	if (pidfd >= 0 && process_drops(pidfd, signal))
		signal = SIGKILL;
	if (pidfd >= 0 && !record.bundle)
		exit_note_stop(places, name, "box stop");
	result = pidfd < 0 ? -1 : process_signal(pidfd, signal) ? error_sys(e, "signal %s", name) : 0;
	record_release(&record);
	return result;
}

int box_stop(const struct places *places, const char *name, int64_t grace_us, struct error *e)
{
	struct error store = { 0 };
	bool has_ended = false;

	if (name_check(name, e))
		return -1;
	if (apps_find(places, name, &store) > 0) {
		if (background_stop(places, name, grace_us, e))
			return -1;
		note(places, "stop", name);
		return 0;
	}
	if (is_bundle(places, name, &has_ended) && has_ended)
		return 0;
	if (ask_to_end(places, name, &grace_us, e))
		return blame_store(&store, e);
	note(places, "stop", name);
	if (is_over_within(places, name, grace_us))
		return 0;
	if (!is_bundle(places, name, &has_ended))
		return box_remove(places, name, /* force= */ true, e);
	if (!has_ended && box_kill(places, name, SIGKILL, /* all= */ true, e))
		return -1;
	return is_over_within(places, name, PATIENCE_US) ? 0 : error_set(e, ERROR_KERNEL, "stop %s: it was killed and does not end", name);
}

int box_remove(const struct places *places, const char *name, bool force, struct error *e)
{
	struct error ignored = { 0 }, store = { 0 };
	bool has_ended;

	if (name_check(name, e))
		return -1;
	if (apps_find(places, name, &store) > 0)
		return background_remove(places, name, force, e);
	if (is_bundle(places, name, &has_ended))
		return oci_delete(places, name, force, e);
	if (force)
		exit_note_stop(places, name, "box rm");
	for (int64_t waited = 0; waited < PATIENCE_US; waited += STEP_US) {
		int swept = sweep_one(places, name, e);

		if (swept)
			return swept < 0 ? -1 : 0;
		if (!state_exists(places, name) && force && store.kind == ERROR_NONE)
			return 0;
		if (!state_exists(places, name)) {
			(void)state_missing(name, e);
			return blame_store(&store, e);
		}
		if (!force) {
			error_set(e, ERROR_EXISTS, "remove %s: it is running", name);
			return error_hint(e, "box stop %s, or box rm -f %s", name, name);
		}
		/* The box in the foreground cleans up as soon as its app has ended; one that is just starting has no app yet. */
		(void)send_signal(places, name, SIGKILL, /* all= */ false, /* is_asked= */ false, &ignored);
		usleep(STEP_US);
	}
	return error_set(e, ERROR_KERNEL, "remove %s: it was killed and does not end", name);
}

bool box_is_oci(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autofree char *path = name_check(name, &ignored) ? NULL : text_format("%s/%s/" STATE_BRIEF, places->state, name);

	return path && access(path, F_OK) == 0;
}
