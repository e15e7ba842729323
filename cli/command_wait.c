/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_wait.c - box wait: until containers have ended, and their exit codes.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/apps/apps.h"
#include "runtime/await.h"
#include "runtime/background.h"
#include "runtime/box.h"

/* An app in the background is its supervisor's, which knows its exit code, also afterwards; any other container is watched. */
struct waited {
	const char *name;
	bool is_app;
	struct await await;
};

static int begin(const struct call *call, const char *name, struct waited *ret, struct error *e)
{
	*ret = (struct waited){ .name = name, .await.pidfd = -1 };
	if (name_check(name, e))
		return -1;
	ret->is_app = apps_exists(call->places, name);
	return ret->is_app ? 0 : await_begin(call->places, name, &ret->await, e);
}

/* A line per container, in the order of the words. */
static int tell(const struct call *call, struct waited *waited, struct error *e)
{
	autorelease(text) struct text out = { 0 };
	int status = 0;

	if (waited->is_app ? background_wait(call->places, waited->name, &status, e) : await_end(&waited->await, &status, e))
		return -1;
	text_addf(&out, "%d\n", status);
	return report_text(&out, e);
}

int command_wait(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct waited *waited;
	struct error e = { 0 };
	size_t count = 0;
	int result = options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e);

	if (result == 0 && !operands.count)
		result = error_set(&e, ERROR_USAGE, "wait: expected at least one NAME");
	if (result || targets_all(call, &operands, &e))
		return report_failure(&e);
	waited = alloc_zeroed(operands.count, sizeof *waited);
	/* All of them from now on: one may end while another one is waited for. */
	for (size_t i = 0; i < operands.count; i++) {
		error_clear(&e);
		if (begin(call, operands.items[i], &waited[count], &e))
			result = report_failure(&e);
		else
			count++;
	}
	for (size_t i = 0; i < count; i++) {
		error_clear(&e);
		if (tell(call, &waited[i], &e))
			result = report_failure(&e);
		await_release(&waited[i].await);
	}
	free(waited);
	return result;
}
