/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background_status.c - apps in the background of which no process runs: how they are.
 */
#include "runtime/background.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/job.h"
#include "runtime/apps/run_mark.h"
#include "runtime/box.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/lines.h"
#include "runtime/supervise/progress.h"

/* Whether its supervisor waits for the time of a job. */
static bool waits_for_its_time(const struct places *places, const char *name, int definition)
{
	struct progress progress = { 0 };
	struct error ignored = { 0 };
	autoclose int folder = job_defined(definition) ? state_folder(places, name, &ignored) : -1;
	bool result = folder >= 0 && progress_read(folder, &progress, &ignored) == 0 &&
		      (progress.phase == PHASE_PLANNING || (progress.phase == PHASE_WAITING && !progress.next_start_ms));

	progress_release(&progress);
	return result;
}

char *background_status(const struct places *places, const char *name, int definition, int64_t *ret_since)
{
	struct record record = { 0 };
	struct last_end last = { 0 };
	struct error ignored = { 0 };
	bool is_alive = false, is_rebooted = false;

	if (state_read(places, name, &record, &is_alive, &ignored) == 0) {
		record_release(&record);
		if (is_alive)
			return NULL;
	}
	if (state_exists(places, name))
		return alloc_copy(waits_for_its_time(places, name, definition) ? STATUS_SCHEDULED : "restarting");
	if (run_mark_lost(places, name, definition, &is_rebooted)) {
		*ret_since = 0; /* nobody knows */
		return alloc_copy(is_rebooted ? "exited (?)" : STATUS_LOST);
	}
	if (lines_read(definition, LAST_END_FILE, last_end_rows, &last, &ignored))
		return alloc_copy("created");
	*ret_since = last.ended;
	if (!last.signal && last.code < 0)
		return alloc_copy("exited (?)");
	return text_format("exited (%d)", background_exit_status(last.code, last.signal));
}

static void add_app(const struct places *places, const char *name, struct box_info **infos, size_t *count)
{
	struct app_settings settings = { 0 };
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, name, &settings, &ignored);
	int64_t since = settings.created;
	char *status = definition < 0 ? NULL : background_status(places, name, definition, &since);
	struct box_info *info;

	if (status) {
		info = alloc_append(infos, count, sizeof *info);
		*info = (struct box_info){ .name = alloc_copy(name), .status = status, .created = since, .health = "" };
		info->image = take_ptr(&settings.image);
		info->command = settings.command ? take_ptr(&settings.command) : alloc_copy("");
	}
	app_settings_release(&settings);
}

int background_list(const struct places *places, struct box_info **infos, size_t *count, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	if (apps_names(places, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++)
		add_app(places, names.items[i], infos, count);
	return 0;
}
