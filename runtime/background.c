/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background.c - verbs on apps in the background: words to their supervisors, and new supervisors.
 */
#include "runtime/background.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/apps_rename.h"
#include "runtime/apps/instances.h"
#include "runtime/apps/job.h"
#include "runtime/apps/kept.h"
#include "runtime/apps/private_networks.h"
#include "runtime/apps/run_mark.h"
#include "runtime/box.h"
#include "runtime/logs/events.h"
#include "runtime/state/outlive.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/policy.h"
#include "runtime/supervise/spawn.h"

enum { STEP_US = 10000, PATIENCE_US = 5000000, STATUS_UNKNOWN = 255 };

/* A supervisor with these descriptors; asker may be -1. */
static int begin(const struct app_settings *settings, int definition, int lock, int asker, struct error *e)
{
	autofree char *title = text_format("box:[supervise] %s", settings->name);
	char *const argv[] = { title, NULL };
	const struct spawn request = { .program = settings->supervisor, .argv = argv, .fds = { definition, lock, asker } };

	return outlive_spawn(&request, e);
}

bool background_adopt(const struct places *places, const struct state *state)
{
	struct app_settings settings = { 0 };
	struct error e = { 0 };
	autoclose int definition = state->name[0] == '.' ? -1 : apps_open(places, state->name, &settings, &e);

	if (definition < 0)
		return false;
	if (!settings.unit) /* else systemd begins one */
		(void)begin(&settings, definition, state->lock, -1, &e); /* whoever comes next tries again */
	app_settings_release(&settings);
	return true;
}

int background_reach(const struct places *places, const char *name, struct error *e)
{
	bool is_begun = false;

	for (int64_t waited = 0; waited < PATIENCE_US; waited += STEP_US) {
		autoclose int folder = -1;
		struct state state;
		int socket, adopted;

		error_clear(e);
		folder = state_folder(places, name, e);
		if (folder < 0)
			return -1;
		socket = control_connect(folder, "control", e);
		if (socket >= 0 || (e->sys != ENOENT && e->sys != ECONNREFUSED))
			return socket;
		/* It is just beginning, or ending; or it is gone, and then its lock is free. */
		error_clear(e);
		adopted = state_adopt(places, name, &state, e);
		if (adopted < 0)
			return -1;
		if (adopted > 0) {
			is_begun |= background_adopt(places, &state);
			state_release(&state);
		}
		usleep(STEP_US);
	}
	error_set(e, ERROR_KERNEL, "reach the supervisor of %s: it does not answer", name);
	if (!is_begun)
		return -1;
	return error_hint(e, "it is begun anew, and ends at once, as where there is no room left: df -h %s %s", places->state, places->store);
}

/* One word, and its answer, which is added to answer. *ret_answered false: the supervisor ended, or became another program, without one. */
static int ask(int socket, const char *words, bool *ret_answered, struct text *answer, struct error *e)
{
	int got;

	*ret_answered = false;
	if (control_send(socket, words, NULL, e)) {
		if (e->sys != EPIPE && e->sys != ECONNRESET)
			return -1;
		error_clear(e);
		return 0;
	}
	got = control_receive(socket, answer, NULL, e);
	*ret_answered = got > 0;
	return got > 0 ? control_check(answer->data, e) : got;
}

/* The same until there is an answer: a supervisor may be killed meanwhile. 1: the app does not run, and there is nobody to ask. */
static int ask_somebody(const struct places *places, const char *name, const char *words, struct text *answer, struct error *e)
{
	for (bool is_answered = false; !is_answered;) {
		autoclose int socket = background_reach(places, name, e);

		if (socket < 0 && e->kind == ERROR_MISSING) {
			error_clear(e);
			return 1;
		}
		if (socket < 0 || ask(socket, words, &is_answered, answer, e))
			return -1;
	}
	return 0;
}

/* Whether the definition still has its name. */
static bool is_still(int apps, const char *name, int definition)
{
	struct stat named, open;

	return apps >= 0 && fstatat(apps, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(definition, &open) == 0 &&
	       named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

/* The first supervisor of a run, which answers to asker. */
static int begin_first(const struct places *places, const struct app_settings *settings, int definition, int asker, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1 };
	autoclose int held = -1;
	int result;

	if (apps_hold(places->store, &held, e) || !is_still(held, settings->name, definition))
		return e->kind == ERROR_NONE ? error_set(e, ERROR_MISSING, "start %s: it has got another name, or was removed", settings->name) : -1;
	if (wanted_write(definition, /* running= */ true, e))
		return -1;
	run_mark_settle(places, settings->name, definition);
	if (state_make(places, settings->name, &state, e))
		return -1;
	result = begin(settings, definition, state.lock, asker, e);
	/* Where a supervisor died half-way the folder leads the next one to what is left. */
	if (result)
		(void)state_remove(places, &state, &(struct error){ 0 }); /* the first cause is what counts */
	else
		state_release(&state);
	return result;
}

/* Opens the definition of an app that is box's own to start and stop. settings may be NULL. */
static int open_own(const struct places *places, const char *name, const char *verb, struct app_settings *ret, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);

	if (definition >= 0 && settings.unit) {
		error_set(e, ERROR_EXISTS, "%s %s: systemd keeps it", verb, name);
		error_hint(e, "systemctl %s %s, or box systemd remove %s", verb, settings.unit, name);
		close(take_fd(&definition));
	}
	if (ret && definition >= 0)
		*ret = settings;
	else
		app_settings_release(&settings);
	return take_fd(&definition);
}

int background_begin(const struct places *places, const char *name, int asker, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = -1, held = -1;
	autorelease(text) struct text answer = { 0 };
	int result;

	/* A rename that was killed is finished first: its settings would say another name. */
	if (apps_hold(places->store, &held, e))
		return -1;
	definition = open_own(places, name, "start", &settings, e);
	if (definition < 0)
		return -1;
	close(take_fd(&held));
	result = ask_somebody(places, name, "start", &answer, e);
	if (result > 0 && begin_first(places, &settings, definition, asker, e))
		result = -1;
	app_settings_release(&settings);
	return result;
}

static int start(const struct places *places, const char *name, struct error *e)
{
	autoclose int ours = -1, theirs = -1;
	autorelease(text) struct text answer = { 0 };
	int ends[2], result, got;

	if (control_pair(ends, e))
		return -1;
	ours = ends[0];
	theirs = ends[1];
	result = background_begin(places, name, theirs, e);
	if (result <= 0)
		return result;
	close(take_fd(&theirs));
	got = control_receive(ours, &answer, NULL, e);
	if (got == 0)
		error_set(e, ERROR_INTERNAL, "start %s: its supervisor ended and said nothing", name);
	return got <= 0 || control_check(answer.data, e) ? -1 : 1;
}

int background_start(const struct places *places, const char *name, struct error *e)
{
	return start(places, name, e) < 0 ? -1 : 0;
}

int background_run_job(const struct places *places, const char *name, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);
	autorelease(text) struct text answer = { 0 };

	if (definition < 0)
		return -1;
	return job_defined(definition) && ask_somebody(places, name, "start", &answer, e) < 0 ? -1 : 0;
}

int background_start_now(const struct places *places, const char *name, struct error *e)
{
	int started = start(places, name, e);

	return started > 0 ? background_run_job(places, name, e) : started;
}

static int stop(const struct places *places, const char *name, int64_t grace_us, struct error *e)
{
	autofree char *words = text_format("stop %jd", (intmax_t)grace_us);
	autorelease(text) struct text answer = { 0 };

	return ask_somebody(places, name, words, &answer, e) < 0 ? -1 : 0;
}

int background_stop(const struct places *places, const char *name, int64_t grace_us, struct error *e)
{
	autoclose int definition = open_own(places, name, "stop", NULL, e);

	/* First what is wanted: should this supervisor die, the next one knows. */
	if (definition < 0 || wanted_write(definition, /* running= */ false, e))
		return -1;
	return stop(places, name, grace_us, e);
}

int background_restart(const struct places *places, const char *name, int64_t grace_us, struct error *e)
{
	autofree char *words = text_format("restart %jd", (intmax_t)grace_us);
	autoclose int definition = open_own(places, name, "restart", NULL, e);
	autorelease(text) struct text answer = { 0 };
	int asked;

	if (definition < 0 || wanted_write(definition, /* running= */ true, e))
		return -1;
	asked = ask_somebody(places, name, words, &answer, e);
	return asked > 0 ? background_start_now(places, name, e) : asked;
}

int background_exit_status(int64_t code, int64_t signal)
{
	return signal ? 128 + (int)signal : code < 0 ? STATUS_UNKNOWN : (int)code;
}

static int read_last(const struct places *places, int definition, const char *name, int *ret_status, struct error *e)
{
	struct last_end last = { .code = -1 };
	bool is_rebooted = false;

	if (!run_mark_lost(places, name, definition, &is_rebooted) && lines_read(definition, LAST_END_FILE, last_end_rows, &last, e)) {
		if (e->sys != ENOENT)
			return -1;
		error_clear(e);
		return error_set(e, ERROR_MISSING, "wait for %s: it has not run yet", name);
	}
	*ret_status = background_exit_status(last.code, last.signal);
	return 0;
}

int background_wait(const struct places *places, const char *name, int *ret_status, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);
	autorelease(text) struct text answer = { 0 };
	int64_t code, signal;

	if (definition < 0 || ask_somebody(places, name, "wait", &answer, e) < 0)
		return -1;
	/* One that went with its end has left nothing to read; a supervisor of an older version says no more than "ok". */
	if (answer.length && sscanf(answer.data, "ok %" SCNd64 " %" SCNd64, &code, &signal) == 2) {
		*ret_status = background_exit_status(code, signal);
		return 0;
	}
	return read_last(places, definition, name, ret_status, e);
}

int background_forget(const struct places *places, const char *name, struct error *e)
{
	autoclose int held = -1;

	if (apps_hold(places->store, &held, e) || apps_remove(places, name, e))
		return -1;
	events_note(places, "container", "destroy", name, NULL);
	return private_networks_sweep(places, e);
}

/* Who was told of an app's end need not know that its supervisor takes a moment to leave. */
static bool is_left(const struct places *places, const char *name)
{
	struct instance_condition now = { .is_ending = true };

	for (int us = 0; us < PATIENCE_US && now.is_ending; us += STEP_US) {
		instance_look(places, name, &now);
		if (!now.is_supervised)
			return true;
		usleep(now.is_ending ? STEP_US : 0);
	}
	return false;
}

int background_remove(const struct places *places, const char *name, bool force, struct error *e)
{
	if (!force && state_exists(places, name) && !is_left(places, name)) {
		error_set(e, ERROR_EXISTS, "remove %s: it is running", name);
		return error_hint(e, "box stop %s, or box rm -f %s", name, name);
	}
	if (background_stop(places, name, /* grace_us= */ 0, e))
		return -1;
	if (!apps_exists(places, name))
		return 0; /* it went with its end */
	return background_forget(places, name, e);
}

/* 1: the app does not run. */
static int renew_one(const struct places *places, const char *name, struct error *e)
{
	autorelease(text) struct text answer = { 0 };
	autoclose int socket = -1;
	bool is_answered;

	if (!state_exists(places, name))
		return 1;
	socket = background_reach(places, name, e);
	if (socket < 0 && e->kind == ERROR_MISSING) {
		error_clear(e);
		return 1;
	}
	return socket < 0 || ask(socket, "renew", &is_answered, &answer, e) ? error_in(e, "renew the supervisor of %s", name) : 0;
}

int background_renew(const struct places *places, struct list *ret, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	int result = 0;

	if (apps_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct error here = { 0 };
		int renewed = renew_one(places, names.items[i], &here);

		if (renewed == 0)
			list_add(ret, names.items[i]);
		if (renewed >= 0 || result)
			continue;
		*e = here;
		result = -1;
	}
	return result;
}

/* A job waits for its next time, whatever "restart" says of its runs. */
static bool comes_back(int definition, const char *restart)
{
	bool was_wanted = wanted_read(definition);

	return restart_at_boot(restart, was_wanted) || (was_wanted && job_defined(definition));
}

static int add_for_boot(const struct places *places, const char *name, struct list *ret, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);

	if (definition < 0 && e->kind != ERROR_MISSING)
		return -1;
	if (definition < 0) { /* it was removed meanwhile */
		error_clear(e);
		return 0;
	}
	if (!state_exists(places, name))
		run_mark_settle(places, name, definition);
	if (!settings.unit && !state_exists(places, name) && comes_back(definition, settings.restart))
		list_add(ret, name);
	app_settings_release(&settings);
	return 0;
}

static bool is_kept(const struct places *places, const struct instance *instance)
{
	autofree char *unit = kept_unit(places, instance->stack ? instance->stack : instance->service);

	return unit;
}

int background_boot_names(const struct places *places, struct list *ret, struct error *e)
{
	struct instances all = { 0 };
	int result = instances_find(places, NULL, &all, e);

	/* In the order of levels; what waits for its turn, or has had it, is left. */
	for (size_t i = 0; i < all.count && result == 0; i++)
		if (all.items[i].role == INSTANCE_LIVE && !is_kept(places, &all.items[i]))
			result = add_for_boot(places, all.items[i].name, ret, e);
	instances_release(&all);
	return result;
}
