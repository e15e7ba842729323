/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_reload.c - box reload: apps read their files again.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/each.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/app_program.h"
#include "runtime/box.h"

struct choices {
	bool quiet;
};

const struct option_row reload_options[] = {
	QUIET_OPTION(struct choices),
	{ 0 },
};

/* What its program ended with is told beside the program's own words: an exit code alone is no message. */
static void tell_status(const char *name, int status)
{
	autofree char *line =
		status == APP_PROGRAM_LATE
			? text_format("reload %s: its program did not end in its time (reload.timeout)", name)
			: text_format("reload %s: its program ended with exit code %d", name, status);

	report_line(line);
}

int command_reload(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct choices choices = { 0 };
	struct error e = { 0 };
	int last = 0;
	int result = options_parse(reload_options, OPERANDS_ANYWHERE, call->argv, &choices, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "reload: expected at least one NAME");
	if (result || targets_all(call, &operands, &e))
		return report_failure(&e);
	/* One that cannot be reloaded does not keep the others. */
	for (size_t i = 0; i < operands.count; i++) {
		int status = 0;

		error_clear(&e);
		audit_container(call->audit, operands.items[i]);
		if (box_reload(call->places, operands.items[i], &status, &e)) {
			last = report_failure(&e);
		} else if (status) {
			tell_status(operands.items[i], status);
			last = status;
		} else if (!choices.quiet && each_tell(operands.items[i], &e)) {
			last = report_failure(&e);
		}
	}
	return last;
}
