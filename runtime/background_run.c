/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background_run.c - what the supervisor of an app has done by box: one run's beginning and end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/exit_gather.h"
#include "runtime/apps/run_mark.h"
#include "runtime/background.h"
#include "runtime/launch/launch.h"
#include "runtime/logs/events.h"
#include "runtime/state/group_path.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/progress.h"
#include "specs/container.h"

enum { KEPT_BESIDE = 8 }; /* pidfd, listener, terminal, two that tell of OOM kills, and three FIFOs that the supervisor adds */

/* The supervisor has made them. */
static int open_fifos(const struct places *places, const struct container *c, int fifos[static 3], struct error *e)
{
	static const char *const names[] = { FIFO_STDOUT, FIFO_STDERR, FIFO_STDIN };
	const char *name = c->name;
	autoclose int folder = state_folder(places, name, e);
	int count = c->keep_stdin && !c->terminal ? 3 : 2;

	for (int i = 0; folder >= 0 && i < count; i++) {
		fifos[i] = openat(folder, names[i], O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fifos[i] < 0)
			return error_sys(e, "open the FIFO %s of %s", names[i], name);
	}
	return folder < 0 ? -1 : 0;
}

/* The app's pidfd first, then the listener of its filter where it has one, the master of its terminal, and what tells of OOM kills. */
static int collect(const struct launch *l, const int oom[static 2], struct control_fds *ret, struct error *e)
{
	ret->fds[ret->count++] = l->pidfd;
	if (l->filter_listener >= 0)
		ret->fds[ret->count++] = l->filter_listener;
	if (l->container->terminal)
		ret->fds[ret->count++] = l->streams[0];
	for (int i = 0; i < 2; i++)
		if (oom[i] >= 0)
			ret->fds[ret->count++] = oom[i];
	if (l->volume_lock_count > CONTROL_FDS - KEPT_BESIDE)
		return error_set(e, ERROR_UNSUPPORTED, "an app in the background has at most %d volumes", CONTROL_FDS - KEPT_BESIDE);
	for (size_t i = 0; i < l->volume_lock_count; i++)
		ret->fds[ret->count++] = l->volume_locks[i];
	return 0;
}

static int hand_over(struct launch *l, int answer, struct error *e)
{
	autoclose int counts = -1, event = -1;
	/* Where the host has no such limits nobody can tell. */
	int oom_fds = cgroup_watch_oom(l->group, &counts, &event) ? 0 : event < 0 ? 1 : 2;
	autofree char *words = text_format("running %d %jd %d %d %d", (int)l->pid, (intmax_t)process_start_time(l->pid), l->filter_listener >= 0,
					   l->container->terminal, oom_fds);
	const int oom[] = { counts, event };
	struct control_fds fds = { 0 };

	if (collect(l, oom, &fds, e) || control_send(answer, words, &fds, e))
		return -1;
	launch_let_go(l);
	return 0;
}

/* Without a record nobody takes what is there for a running container. */
static void remove_record(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	if (folder >= 0)
		(void)unlinkat(folder, "state.json", 0); /* not there where the start came to nothing before */
}

/* As the supervisor has noted it before it asked for the start. */
static int64_t run_number(const struct places *places, const char *name)
{
	struct progress progress = { 0 };
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);
	int64_t number = folder >= 0 && progress_read(folder, &progress, &ignored) == 0 ? progress.starts : 0;

	progress_release(&progress);
	return number;
}

int background_launch(const struct places *places, const struct container *container, int definition, int answer, struct error *e)
{
	autofree char *path = apps_path(places, container->name);
	const struct event start = { .image = container->image };
	struct launch_background background = { .definition_path = path, .definition = definition, .fifos = { -1, -1, -1 } };
	struct error undo = { 0 }, unkept = { 0 };
	struct launch l;
	int result;

	if (open_fifos(places, container, background.fifos, e))
		return -1;
	launch_init_background(&l, places, container, &background);
	result = launch_start(&l, e);
	if (result == 0)
		result = hand_over(&l, answer, e);
	if (result == 0) {
		run_mark_set(definition, run_number(places, container->name));
		events_note(places, "container", "start", container->name, &start);
	}
	if (launch_release(&l, &undo))
		log_warning("clean up after %s: %s, continuing", container->name, undo.text);
	if (result) {
		remove_record(places, container->name);
		if (exit_gather_failure(places, container->name, definition, e, &unkept))
			log_warning("%s, continuing", unkept.text);
	}
	return result;
}

int background_end(const struct places *places, const char *name, int definition, const struct last_end *end, struct error *e)
{
	autofree char *group = group_path(places, name);
	const struct event died = { .exit_code = background_exit_status(end->code, end->signal) };
	struct error unkept = { 0 };

	if (exit_gather(places, name, definition, end, &unkept))
		log_warning("%s, continuing", unkept.text);
	if (cgroup_remove_path(group, e))
		return -1;
	remove_record(places, name);
	events_note(places, "container", "die", name, &died);
	if (lines_write(definition, LAST_END_FILE, last_end_rows, end, e))
		return -1;
	run_mark_clear(definition);
	return 0;
}

int background_leave(const struct places *places, const char *name, int definition, struct error *e)
{
	autofree char *group = group_path(places, name);
	struct state state = { .name = text_format("%s", name), .folder = -1, .lock = -1 };

	/* One that goes with its end does so before its state folder: while that is there nobody else takes the name, and a sweep finds what is
	 * left. */
	if (cgroup_remove_path(group, e) ||
	    (faccessat(definition, REMOVE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && background_forget(places, name, e)) ||
	    state_remove(places, &state, e)) {
		state_release(&state);
		return -1;
	}
	return 0;
}
