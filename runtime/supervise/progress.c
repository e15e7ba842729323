/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - how far a supervisor is with its app.
 */
#include "runtime/supervise/progress.h"

#include <stddef.h>

#include "base/error.h"
#include "runtime/supervise/lines.h"

#define AT(member) offsetof(struct progress, member)
static const struct line_row rows[] = {
	{ "pid", LINE_NUMBER, AT(pid) },
	{ "start_time", LINE_NUMBER, AT(start_time) },
	{ "phase", LINE_NUMBER, AT(phase) },
	{ "app_pid", LINE_NUMBER, AT(app_pid) },
	{ "app_start_time", LINE_NUMBER, AT(app_start_time) },
	{ "listens", LINE_NUMBER, AT(listens) },
	{ "terminal", LINE_NUMBER, AT(terminal) },
	{ "oom_fds", LINE_NUMBER, AT(oom_fds) },
	{ "oom_kills", LINE_NUMBER, AT(oom_kills) },
	{ "stopped_by", LINE_TEXT, AT(stopped_by) },
	{ "code", LINE_NUMBER, AT(code) },
	{ "signal", LINE_NUMBER, AT(signal) },
	{ "starts", LINE_NUMBER, AT(starts) },
	{ "in_a_row", LINE_NUMBER, AT(in_a_row) },
	{ "failures", LINE_NUMBER, AT(failures) },
	{ "started_ms", LINE_NUMBER, AT(started_ms) },
	{ "next_start_ms", LINE_NUMBER, AT(next_start_ms) },
	{ "queued", LINE_NUMBER, AT(queued) },
	{ "definition", LINE_TEXT, AT(definition) },
	{ "program", LINE_TEXT, AT(program) },
	{ 0 },
};
#undef AT

int progress_read(int folder, struct progress *ret, struct error *e)
{
	struct progress progress = { 0 };

	if (lines_read(folder, PROGRESS_FILE, rows, &progress, e)) {
		progress_release(&progress);
		return -1;
	}
	if (progress.phase < 0 || progress.phase >= PHASE_COUNT || !progress.definition || !progress.program) {
		progress_release(&progress);
		return error_set(e, ERROR_INTERNAL, "read how far a supervisor was: the file " PROGRESS_FILE " makes no sense");
	}
	*ret = progress;
	return 0;
}

int progress_write(int folder, const struct progress *progress, struct error *e)
{
	return lines_write(folder, PROGRESS_FILE, rows, progress, e);
}

void progress_release(struct progress *progress)
{
	lines_release(rows, progress);
}
