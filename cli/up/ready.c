/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready.c - instances begin; whether one is ready, or has failed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_story.h"
#include "cli/up/up.h"
#include "runtime/apps/logs.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/exits/exit_record.h"
#include "runtime/state/state.h"
#include "runtime/supervise/health_record.h"

enum { LOOK_US = 20000, LINES_SHOWN = 10, CHECK_SHOWN = 500 };

static int tell_end(const char *name, const struct instance_condition *now, struct error *e)
{
	if (!now->has_run || (now->code < 0 && !now->signal))
		return error_set(e, ERROR_KERNEL, "%s has ended before it was ready", name);
	if (now->signal)
		return error_set(e, ERROR_KERNEL, "%s has ended before it was ready: by signal %jd", name, (intmax_t)now->signal);
	return error_set(e, ERROR_KERNEL, "%s has ended before it was ready: with exit code %jd", name, (intmax_t)now->code);
}

/* A job that has ended well is as ready as it gets. */
static bool has_ended_well(const struct instance_condition *now)
{
	return !now->is_supervised && now->has_run && now->code == 0 && !now->signal;
}

int up_wait_ready(const struct up *up, const char *name, bool is_checked, struct up_patience patience, struct error *e)
{
	int64_t begin = clock_boot_ms(), end = begin + (is_checked ? patience.timeout_us : patience.monitor_us) / 1000;
	int64_t ended = begin + patience.timeout_us / 1000; /* hooks of its end may hang */
	struct instance_condition first, now;

	instance_look(up->call->places, name, &first);
	for (now = first;; instance_look(up->call->places, name, &now)) {
		if (has_ended_well(&now) || now.is_scheduled)
			return 0;
		if (now.is_ending) {
			if (clock_boot_ms() >= (end > ended ? end : ended))
				return error_set(e, ERROR_KERNEL, "%s has ended, and what its end has to do is not done after %jd seconds", name,
						 (intmax_t)((clock_boot_ms() - begin) / 1000));
			up_tell_waiting(up, begin, "%s has ended; what its end has to do is waited for", name);
			usleep(LOOK_US);
			continue;
		}
		if (!now.is_running || now.starts != first.starts)
			return tell_end(name, &now, e);
		if (is_checked && strcmp(now.health, "healthy") == 0)
			return 0;
		if (is_checked && strcmp(now.health, "unhealthy") == 0)
			return error_set(e, ERROR_KERNEL, "%s is unhealthy", name);
		if (clock_boot_ms() >= end)
			break;
		if (is_checked)
			up_tell_waiting(up, begin, "%s is not healthy yet: waiting, at most %jd seconds in all", name,
					(intmax_t)(patience.timeout_us / 1000000));
		usleep(LOOK_US);
	}
	if (!is_checked)
		return 0;
	error_set(e, ERROR_KERNEL, "%s is not healthy after %jd seconds", name, (intmax_t)(patience.timeout_us / 1000000));
	return error_hint(e, "\"update\": {\"timeout\": \"2m\"}, or --timeout, gives it more time");
}

int up_begin_all(const struct up *up, const struct list *names, const char **ret_failed, struct error *e)
{
	for (size_t i = 0; i < names->count; i++)
		if (background_start(up->call->places, names->items[i], e)) {
			*ret_failed = names->items[i];
			return -1;
		}
	return 0;
}

int up_wait_all(const struct up *up, const struct list *names, bool is_checked, struct up_patience patience, const char **ret_failed,
		struct error *e)
{
	for (size_t i = 0; i < names->count; i++)
		if (up_wait_ready(up, names->items[i], is_checked, patience, e)) {
			*ret_failed = names->items[i];
			return -1;
		}
	return 0;
}

int up_wait_done(const struct up *up, const char *who, const char *name, struct error *e)
{
	int64_t begin = clock_boot_ms();
	struct instance_condition now;

	for (instance_look(up->call->places, name, &now); now.is_supervised; instance_look(up->call->places, name, &now)) {
		if (now.is_scheduled)
			return error_set(e, ERROR_SPEC, "%s has a \"schedule\": it waits for its next time, and is never completed", name);
		up_tell_waiting(up, begin, "%s waits until %s has ended", who, name);
		usleep(LOOK_US);
	}
	return has_ended_well(&now) ? 0 : tell_end(name, &now, e);
}

static int hear(const struct log_record *record, const char *json, size_t length, void *data, struct error *e)
{
	struct text *out = data;

	(void)json;
	(void)length;
	(void)e;
	text_add(out, "    ");
	text_add_escaped(out, record->line, record->length);
	text_add_char(out, '\n');
	return 0;
}

static bool goes_on(void *data)
{
	(void)data;
	return false;
}

/* One that still runs has no record of its end. */
static void add_log(const struct up *up, const char *name, struct text *ret)
{
	const struct log_question question = { .tail = LINES_SHOWN, .stream = -1 };
	struct text lines = { 0 };
	const struct log_hearer hearer = { .hear = hear, .goes_on = goes_on, .data = &lines };
	struct error ignored = { 0 };

	if (logs_read(up->call->places, name, &question, &hearer, &ignored) == 0 && lines.length) {
		text_addf(ret, "%s: its last lines:\n", name);
		text_add_bytes(ret, lines.data, lines.length);
	}
	text_release(&lines);
}

/* What the last check of one that runs and is not healthy said. */
static void add_check(const struct up *up, const char *name, struct text *ret)
{
	autofree struct health_record *health = alloc_zeroed(1, sizeof *health);
	struct error ignored = { 0 };
	autoclose int folder = state_folder(up->call->places, name, &ignored);
	const struct health_result *last;
	size_t length;

	if (folder < 0 || health_record_read(folder, health, &ignored) || health->status == HEALTH_HEALTHY || !health_record_kept(health))
		return;
	last = health_record_result(health, 0);
	for (length = last->length < HEALTH_OUTPUT ? last->length : HEALTH_OUTPUT; length && last->output[length - 1] == '\n';)
		length--;
	if (last->code == HEALTH_TOO_LATE)
		text_addf(ret, "%s: its last check was not over in time", name);
	else
		text_addf(ret, "%s: its last check ended with exit code %d", name, (int)last->code);
	text_add(ret, length ? " and said:\n    " : "\n");
	text_add_escaped(ret, last->output, length < CHECK_SHOWN ? length : CHECK_SHOWN);
	text_add(ret, length ? "\n" : "");
}

bool up_explain(const struct up *up, const char *name)
{
	autorelease(text) struct text out = { 0 };
	autorelease(list) struct list numbers = { 0 };
	struct exit_record record = { 0 };
	struct error ignored = { 0 };
	bool never_began = false;

	if (box_lives(up->call->places, name) || box_explain(up->call->places, name, 0, &record, &numbers, &ignored)) {
		add_check(up, name, &out);
		add_log(up, name, &out);
	} else {
		exit_story_add(name, &record, /* numbers= */ NULL, &out);
		never_began = record.failure.text;
		exit_record_release(&record);
	}
	(void)write_all(STDERR_FILENO, out.data, out.length); /* nowhere left to tell */
	return never_began;
}
