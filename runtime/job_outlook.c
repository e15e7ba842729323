/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_outlook.c - what people are told of a job.
 */
#include "runtime/job_outlook.h"

#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/job.h"
#include "runtime/apps/run_mark.h"
#include "runtime/background.h"
#include "runtime/box.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"

void job_describe(const struct places *places, struct box_info *info)
{
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, info->name, NULL, &ignored);
	struct last_end last;

	if (definition < 0 || !job_defined(definition))
		return;
	info->schedule = job_words(definition);
	/* Without a supervisor nobody waits for it. */
	info->next_run = wanted_read(definition) && state_exists(places, info->name) ? job_next_run(definition) : 0;
	if (!run_mark_last_end(places, info->name, definition, &last))
		return;
	info->last_end = last.ended;
	info->last_status = background_exit_status(last.code, last.signal);
}
