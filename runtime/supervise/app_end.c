/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_end.c - how the app's first process ended: of a child by wait, of one that was adopted by what the kernel still knows.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "runtime/supervise/supervisor.h"

enum { STAT_START_TIME = 22, STAT_EXIT_CODE = 52, STAT_FIELDS }; /* proc(5) */

/* A zombie shows root the status for which nobody has waited yet. */
static bool ask_proc(const struct supervisor *s, struct process_end *ret)
{
	uint64_t fields[STAT_FIELDS] = { 0 };

	if (geteuid() != 0 || process_stat_fields((pid_t)s->progress.app_pid, fields, STAT_FIELDS) ||
	    fields[STAT_START_TIME] != (uint64_t)s->progress.app_start_time)
		return false;
	process_end_from_status((int)fields[STAT_EXIT_CODE], ret);
	return true;
}

/* Of an adopted app, for which somebody else has to wait; init does at once, and others may never. */
static bool ask_kernel(const struct supervisor *s, struct process_end *ret)
{
	if (process_end_info(s->kept.fds[0], ret) == 0)
		return true;
	if (ask_proc(s, ret))
		return true;
	*ret = (struct process_end){ .code = -1 };
	return clock_boot_ms() >= s->give_up_ms;
}

bool app_end_find(const struct supervisor *s, struct process_end *ret)
{
	struct error ignored = { 0 };
	int waited = process_try_wait(s->kept.fds[0], ret, &ignored);

	return waited > 0 || (waited < 0 && ask_kernel(s, ret));
}
