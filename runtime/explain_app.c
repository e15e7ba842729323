/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_app.c - how an app ended: what is kept of it, in the background and in the foreground.
 */
#include "runtime/box.h"

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/exit_gather.h"
#include "runtime/apps/run_mark.h"
#include "runtime/exits/ends.h"
#include "runtime/exits/exit_record.h"

/* Most often it runs; somebody wants to know how it does. */
static int explain_none(const char *name, struct error *e)
{
	error_in(e, "explain %s", name);
	if (e->kind != ERROR_MISSING)
		return -1;
	return error_hint(e, "box logs %s has what it writes, box inspect %s | jq '.[0].health' what its checks say", name, name);
}

int box_explain(const struct places *places, const char *name, int64_t number, struct exit_record *ret, struct list *ret_numbers,
		struct error *e)
{
	struct error ended = { 0 };
	autoclose int definition = -1;
	bool is_rebooted = false;
	int64_t lost;

	if (name_check(name, e))
		return -1;
	definition = apps_open(places, name, NULL, e);
	if (definition < 0 && e->kind == ERROR_MISSING) {
		if (ends_read(places, name, number, ret, ret_numbers, &ended) == 0) {
			error_clear(e);
			return 0;
		}
		if (ended.text[0])
			*e = ended;
		else
			error_set(e, ERROR_MISSING, "find the app %s: there is none in the background, and nothing is kept of one in the "
				  "foreground", name);
		return error_hint(e, "box ps -a lists what there is");
	}
	if (definition < 0)
		return -1;
	lost = run_mark_lost(places, name, definition, &is_rebooted);
	if (lost && (!number || number == lost))
		exit_gather_unseen(places, name, definition, lost, is_rebooted, ret);
	else if (exit_record_read(definition, number, ret, e))
		return explain_none(name, e);
	exit_record_numbers(definition, ret_numbers);
	if (lost)
		list_addf(ret_numbers, "%jd", (intmax_t)lost);
	return 0;
}
