/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_gather.c - the exit record of an app in the background, when a run of it is over.
 */
#include "runtime/apps/exit_gather.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/places.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/logs.h"
#include "runtime/exits/disk_state.h"
#include "runtime/exits/exit_record.h"
#include "runtime/exits/explain.h"
#include "runtime/seccomp/seccomp_arch.h"
#include "runtime/state/state.h"
#include "runtime/storage/writable.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/progress.h"
#include "runtime/supervise/refused.h"

enum { LINES_KEPT = 10, LINE_SHOWN = 1000, COMMAND_LIMIT = 64 };
static const int64_t NS_PER_S = 1000000000;

/* In the state folder: the signal that box kill sent last; of an app in the foreground: what command asked it to end. */
#define KILLED_FILE "killed"
#define STOPPED_FILE "stopped"

/* Returns when the run began, in nanoseconds since 1970; 0: nobody knows. */
static int64_t add_state(const struct places *places, const char *name, struct exit_record *record)
{
	struct record state = { 0 };
	struct cgroup *group = NULL;
	struct error ignored = { 0 };
	int64_t began_ns;
	bool alive;

	if (state_read(places, name, &state, &alive, &ignored))
		return 0;
	began_ns = state.created * NS_PER_S + state.created_ns;
	record->started = exit_record_time(state.created * 1000 + state.created_ns / 1000000);
	if (cgroup_open(state.cgroup ? state.cgroup : "", &group, &ignored) == 0) {
		explain_gather(group, /* net_counters= */ -1, record);
		cgroup_free(group);
	}
	record_release(&state);
	return began_ns;
}

static int by_count(const void *a, const void *b)
{
	const struct refused_call *one = a, *two = b;

	return one->count > two->count ? -1 : one->count < two->count;
}

static void add_refused(int folder, struct exit_record *record)
{
	struct refused_record refused;
	struct error ignored = { 0 };

	if (refused_read(folder, &refused, &ignored))
		return;
	qsort(refused.calls, refused.kinds, sizeof *refused.calls, by_count);
	for (uint32_t i = 0; i < refused.kinds; i++) {
		autofree char *name = seccomp_call_name(refused.calls[i].arch, refused.calls[i].number);

		list_addf(&record->refused, "%s=%ju", name, (uintmax_t)refused.calls[i].count);
	}
	if (refused.others)
		list_addf(&record->refused, "others=%ju", (uintmax_t)refused.others);
}

/* Without the note the end is explained by its signal alone. */
static void note(const struct places *places, const char *name, const char *file, const char *words)
{
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	if (folder >= 0)
		(void)file_replace(folder, file, words, strlen(words), 0600, &ignored);
}

void exit_note_kill(const struct places *places, const char *name, int signal)
{
	autofree char *number = text_format("%d", signal);

	note(places, name, KILLED_FILE, number);
}

void exit_note_stop(const struct places *places, const char *name, const char *command)
{
	note(places, name, STOPPED_FILE, command);
}

/* Whether the signal that ended the run came from box kill. The note is of this run: it goes. */
static bool was_killed_by_box(int folder, int64_t signal)
{
	autorelease(text) struct text number = { 0 };
	struct error ignored = { 0 };
	int64_t noted;

	if (file_read(folder, KILLED_FILE, sizeof "-2147483648", &number, &ignored))
		return false;
	(void)unlinkat(folder, KILLED_FILE, 0);
	return signal && number_parse(number.data, 1, INT32_MAX, &noted) == 0 && noted == signal;
}

void exit_gather_notes(int folder, struct exit_record *record)
{
	autorelease(text) struct text command = { 0 };
	struct error ignored = { 0 };

	if (!record->stopped_by && file_read(folder, STOPPED_FILE, COMMAND_LIMIT, &command, &ignored) == 0 && command.length)
		record->stopped_by = text_take(&command);
	if (was_killed_by_box(folder, record->signal) && !record->stopped_by)
		record->stopped_by = alloc_copy(EXIT_BY_KILL);
}

/* What the supervisor, and box kill, have left in the state folder. */
static void add_supervisor(const struct places *places, const char *name, struct exit_record *record)
{
	autofree struct health_record *health = alloc_zeroed(1, sizeof *health);
	struct progress progress = { 0 };
	struct error ignored = { 0 };
	autoclose int folder = state_folder(places, name, &ignored);

	if (folder < 0)
		return;
	if (progress_read(folder, &progress, &ignored) == 0) {
		record->number = progress.starts;
		record->ran_ms = progress.started_ms ? clock_boot_ms() - progress.started_ms : 0;
		record->stopped_by = take_ptr(&progress.stopped_by);
		progress_release(&progress);
	}
	exit_gather_notes(folder, record);
	if (health_record_read(folder, health, &ignored) == 0)
		exit_record_add_health(record, health);
	add_refused(folder, record);
}

static void add_settings(int definition, struct exit_record *record)
{
	struct app_settings settings = { 0 };
	struct error ignored = { 0 };

	if (app_settings_read(definition, &settings, &ignored))
		return;
	record->image = take_ptr(&settings.image);
	record->spec_file = take_ptr(&settings.spec_file);
	app_settings_release(&settings);
}

static int hear(const struct log_record *line, const char *json, size_t length, void *data, struct error *e)
{
	struct list *lines = data;
	int shown = line->length < LINE_SHOWN ? (int)line->length : LINE_SHOWN;

	(void)json;
	(void)length;
	(void)e;
	list_addf(lines, "%s %.*s", log_stream_name(line->stream), shown, line->line);
	return 0;
}

static bool is_over(void *data)
{
	(void)data;
	return false;
}

/* The last of this run's, which began at that time; 0: the last there are. With the driver journald it is the journal that has them. */
static void add_lines(const struct places *places, const char *name, int64_t began_ns, struct exit_record *record)
{
	char since[LOG_TIME];
	const struct log_question last = { .since = began_ns ? since : NULL, .tail = LINES_KEPT, .stream = -1 };
	const struct log_hearer hearer = { .hear = hear, .goes_on = is_over, .data = &record->lines };
	struct error ignored = { 0 };

	log_time_format(began_ns, since);
	(void)logs_read(places, name, &last, &hearer, &ignored);
}

static int write_record(int definition, struct exit_record *record, struct error *e)
{
	int result;

	add_settings(definition, record);
	record->ended = exit_record_time(clock_since_1970_ms());
	result = exit_record_write(definition, record, e);
	exit_record_release(record);
	return result;
}

int exit_gather(const struct places *places, const char *name, int definition, const struct last_end *end, struct error *e)
{
	struct exit_record record = { .name = alloc_copy(name), .code = end->signal ? -1 : end->code, .signal = end->signal };
	int64_t began_ns;

	add_supervisor(places, name, &record);
	began_ns = add_state(places, name, &record);
	add_lines(places, name, began_ns, &record);
	disk_state_full(places, name, &record.full);
	writable_usage(places->store, name, &record.disk_used, &record.disk_max);
	record.number = end->starts;
	return write_record(definition, &record, e);
}

static void add_unseen(const struct places *places, const char *name, int64_t number, bool is_rebooted, struct exit_record *ret)
{
	*ret = (struct exit_record){ .name = alloc_copy(name), .code = -1, .number = number };
	if (is_rebooted)
		ret->stopped_by = alloc_copy(EXIT_BY_REBOOT);
	add_lines(places, name, /* began_ns= */ 0, ret);
}

void exit_gather_unseen(const struct places *places, const char *name, int definition, int64_t number, bool is_rebooted,
			struct exit_record *ret)
{
	add_unseen(places, name, number, is_rebooted, ret);
	add_settings(definition, ret);
}

int exit_gather_lost(const struct places *places, const char *name, int definition, const struct last_end *end, bool is_rebooted,
		     struct error *e)
{
	struct exit_record record;

	add_unseen(places, name, end->starts, is_rebooted, &record);
	return write_record(definition, &record, e);
}

int exit_gather_failure(const struct places *places, const char *name, int definition, const struct error *failure, struct error *e)
{
	struct exit_record record = { .name = alloc_copy(name), .code = -1 };

	add_supervisor(places, name, &record);
	disk_state_full(places, name, &record.full);
	record.ran_ms = 0;
	exit_record_fail(&record, failure);
	return write_record(definition, &record, e);
}
