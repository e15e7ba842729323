/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.c - an app reads its files again, as its spec says.
 *
 * What to do is in the record of the container, so that it is the same in the background and in the foreground, and is what the app was
 * started with.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/app_program.h"
#include "runtime/box.h"
#include "runtime/logs/events.h"
#include "runtime/state/state.h"

static int not_said(const struct record *record, struct error *e)
{
	if (record->bundle) {
		error_set(e, ERROR_UNSUPPORTED, "reload %s: it was made from an OCI bundle, which has no word for that",
			  record->name);
		return error_hint(e, "box kill %s HUP, or box exec", record->name);
	}
	error_set(e, ERROR_MISSING, "reload %s: its spec does not say how", record->name);
	return error_hint(e,
			  "write \"reload\": {\"signal\": \"SIGHUP\"} or \"reload\": {\"exec\": [\"PROGRAM\", "
			  "\"ARGUMENT\"]}, and run it anew; "
			  "meanwhile box kill %s HUP, or box exec",
			  record->name);
}

/* A stopped app would get the signal later, and nobody would know of it. */
static int refuse_paused(const struct record *record, struct error *e)
{
	struct cgroup *group = NULL;
	bool is_frozen;

	if (cgroup_open(record->cgroup ? record->cgroup : "", &group, e))
		return -1;
	is_frozen = cgroup_is_frozen(group);
	cgroup_free(group);
	if (!is_frozen)
		return 0;
	error_set(e, ERROR_DENIED, "reload %s: it is paused", record->name);
	return error_hint(e, "box unpause %s", record->name);
}

static int send(const struct record *record, struct error *e)
{
	autoclose int first = process_open_living((pid_t)record->pid, record->start_time);
	int signal = (int)record->reload_signal;

	if (first < 0)
		return error_set(e, ERROR_MISSING, "reload %s: it is not running", record->name);
	if (process_drops(first, signal)) {
		error_set(e, ERROR_DENIED, "reload %s: its first process has no handler for %s, and would not hear it",
			  record->name, signal_name(signal));
		return error_hint(
			e,
			"\"init\": true lets a signal through to the program; one without a handler then ends by it");
	}
	return process_signal(first, signal) ? error_sys(e, "signal %s", record->name) : 0;
}

static int reload(const struct places *places, const struct record *record, int *ret_status, struct error *e)
{
	const struct app_program program = { .name = record->name,
					     .args = &record->reload_exec,
					     .group = "box-reload",
					     .timeout_ms = record->reload_timeout_us / 1000 };

	if (!record->reload_exec.count) {
		*ret_status = 0;
		return send(record, e);
	}
	return app_program_run(places, &program, ret_status, e) ? error_in(e, "run %s", record->reload_exec.items[0])
								: 0;
}

int box_reload(const struct places *places, const char *name, int *ret_status, struct error *e)
{
	struct record record = { 0 };
	bool alive = false;
	int result;

	if (name_check(name, e) || state_read(places, name, &record, &alive, e))
		return -1;
	if (!alive)
		result = error_set(e, ERROR_MISSING, "reload %s: it is not running", name);
	else if (!record.reload_signal && !record.reload_exec.count)
		result = not_said(&record, e);
	else
		result = refuse_paused(&record, e) ? -1 : reload(places, &record, ret_status, e);
	if (result == 0)
		events_note(places, "container", *ret_status ? "reload-failed" : "reload", name, NULL);
	record_release(&record);
	return result;
}
