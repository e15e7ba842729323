/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground.c - an app in the foreground, from its start to the record of its end.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/exit_gather.h"
#include "runtime/box.h"
#include "runtime/exits/disk_state.h"
#include "runtime/exits/ends.h"
#include "runtime/exits/exit_record.h"
#include "runtime/exits/explain.h"
#include "runtime/launch/launch.h"
#include "runtime/logs/events.h"
#include "runtime/storage/writable.h"
#include "runtime/streams/relay.h"
#include "specs/container.h"

static void note_end(const struct places *places, const struct launch *l, const struct exit_record *record, pid_t pid, int status)
{
	const char *name = l->container->name;
	const struct event end = { .image = l->container->image, .pid = pid, .exit_code = status };

	if (record->oom_kills > 0)
		events_note(places, "container", "oom", name, NULL);
	events_note(places, "container", "die", name, &end);
}

/* From the start of the app to its end. */
static int attend(struct launch *l, struct process_end *ret, struct error *e)
{
	struct relay relay = { .pidfd = l->pidfd, .app_stdin = l->streams[0], .app_stdout = l->streams[1],
			       .app_stderr = l->streams[2], .terminal = -1 };

	if (l->container->terminal) {
		relay.terminal = l->streams[0];
		relay.app_stdin = -1;
	}
	/* What relay_run closes is no longer ours. */
	l->streams[0] = l->streams[1] = l->streams[2] = -1;
	return relay_run(&relay, ret, e);
}

static void describe(const struct container *container, struct exit_record *record)
{
	record->name = alloc_copy(container->name);
	record->image = alloc_copy(container->image);
	record->spec_file = container->spec_file ? realpath(container->spec_file, NULL) : NULL;
	record->ended = exit_record_time(clock_since_1970_ms());
}

/* What the run is told by box explain; the kernel's part is there already. */
static void describe_end(const struct launch *l, const struct process_end *end, int64_t started_ms, struct exit_record *record)
{
	describe(l->container, record);
	record->started = exit_record_time(started_ms);
	record->ran_ms = clock_since_1970_ms() - started_ms;
	record->ran_ms = record->ran_ms > 0 ? record->ran_ms : 0; /* the clock may be set meanwhile */
	record->signal = end->signal;
	record->core = end->core;
	exit_gather_notes(l->state.folder, record);
	if (l->container->disk_limit)
		writable_usage(l->places->store, l->container->name, &record->disk_used, &record->disk_max);
	if (record->code || record->signal)
		disk_state_full(l->places, l->container->name, &record->full);
}

static void keep(const struct places *places, struct exit_record *record)
{
	struct error e = { 0 };

	if (ends_add(places, record, &e))
		log_warning("%s, continuing", e.text);
	exit_record_release(record);
}

void box_keep_failure(const struct places *places, const struct container *container, const struct error *failure)
{
	struct exit_record record = { .code = -1 };

	describe(container, &record);
	exit_record_fail(&record, failure);
	keep(places, &record);
}

int box_run(const struct places *places, const struct container *container, int *ret_status, struct list *epilogue,
	    struct error *e)
{
	const struct event start = { .image = container->image };
	struct exit_record record = { 0 };
	struct error undo = { 0 };
	struct process_end end;
	struct launch l;
	int64_t started_ms = 0;
	bool is_ours;
	pid_t pid;
	int result;

	if (name_check(container->name, e))
		return -1;
	launch_init(&l, places, container);
	result = launch_start(&l, e);
	pid = l.pid;
	is_ours = l.state.folder >= 0;
	if (result == 0) {
		started_ms = clock_since_1970_ms();
		events_note(places, "container", "start", container->name, &start);
		result = attend(&l, &end, e);
	}
	if (result == 0) {
		l.pid = 0; /* reaped by relay_run */
		explain_end(container, l.group, &end, l.net_counters, &record, epilogue);
		*ret_status = end.signal ? 128 + end.signal : end.code;
		note_end(places, &l, &record, pid, *ret_status);
		describe_end(&l, &end, started_ms, &record);
	}
	trace_step("launch", "app");
	if (launch_release(&l, &undo))
		log_warning("clean up after %s: %s, continuing", container->name, undo.text);
	if (pid > 0)
		events_note(places, "container", "destroy", container->name, NULL);
	/* A name that is somebody else's has another end. */
	if (result == 0)
		keep(places, &record);
	else if (is_ours)
		box_keep_failure(places, container, e);
	trace_step("launch", "record of the end");
	return result;
}
