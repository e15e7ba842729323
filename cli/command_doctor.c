/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_doctor.c - box doctor: what this host can do, and how to mend what it cannot.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/report.h"

static void add_row(const struct doctor_row *row, const struct finding *finding, struct text *out)
{
	static const char *const levels[] = { [FINDING_FINE] = "ok", [FINDING_LESS] = "limited", [FINDING_BROKEN] = "MISSING" };

	text_addf(out, "%-8s %-17s ", levels[finding->level], row->name);
	if (finding->detail.length)
		text_add_escaped(out, finding->detail.data, finding->detail.length);
	text_add_char(out, '\n');
	if (finding->level == FINDING_FINE)
		return;
	text_addf(out, "%-26s needed by: %s\n", "", row->needed_by);
	if (row->fix)
		text_addf(out, "%-26s fix: %s\n", "", row->fix);
}

int command_doctor(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int status = 0;
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && operands.count)
		result = error_set(&e, ERROR_USAGE, "doctor: expected no operand");
	for (const struct doctor_row *row = doctor_rows; result == 0 && row->name; row++) {
		struct finding finding = { 0 };

		row->check(call->places, &finding);
		add_row(row, &finding, &out);
		if (finding.level == FINDING_BROKEN)
			status = 1;
		text_release(&finding.detail);
	}
	if (result == 0)
		result = report_text(&out, &e);
	return result ? report_failure(&e) : status;
}
