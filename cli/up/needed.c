/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needed.c - what a service depends on, started for a run beside it.
 *
 * It is the path of box up, but that nothing which is there is changed: who runs a command wants its answer, and no other generation of
 * the database.
 */
#include "cli/up/for_cli.h"

#include "base/alloc.h"
#include "base/error.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "specs/app.h"

static void leave_what_is_there(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->actions[i].kind != PLAN_CREATE && plan->actions[i].kind != PLAN_START)
			plan->actions[i].kind = PLAN_KEEP;
}

static int start(struct up *up, const struct stack_service *service, struct error *e)
{
	up_plan(up);
	leave_what_is_there(&up->plan);
	if (up_perform(up) == 0)
		return up_wait_needed(up, service, e);
	error_set(e, ERROR_KERNEL, "the command beside %s is not run: a service that it depends on has failed", service->full);
	return error_hint(e, "box explain NAME tells more; --no-deps runs it as things are");
}

/* Nothing else of the file is wanted: no image is fetched, and nobody waited for. */
static int find_full(const struct stack_run *wish, char **ret, struct error *e)
{
	const struct app_options options = { .override = wish->override };
	const struct stack_service *service;
	struct stack *stack;

	if (stack_load(wish->file, &options, &stack, e))
		return -1;
	service = stack_find(stack, wish->services.items[0]); /* whoever asks has seen that it is there */
	*ret = alloc_copy(service->full);
	stack_free(stack);
	return 0;
}

static int start_needed(const struct call *call, const struct stack_run *wish, char **ret_full, struct error *e)
{
	struct up_options options = stack_up_options(wish);
	struct up up = { .call = call, .options = &options, .lock = -1 };
	const struct stack_service *service;
	int result;

	options.needed_only = true;
	options.tells_aside = true;
	result = up_read(&up, wish->file, &wish->services, e);
	if (result == 0) {
		service = stack_find(up.stack, wish->services.items[0]);
		*ret_full = alloc_copy(service->full);
		result = start(&up, service, e);
	}
	up_release(&up);
	return result;
}

int stack_start_needed(const struct call *call, const struct stack_run *wish, char **ret_full)
{
	struct error e = { 0 };

	if ((wish->leaves_needed ? find_full(wish, ret_full, &e) : start_needed(call, wish, ret_full, &e)) == 0)
		return 0;
	report_error(NULL, wish->file, &e);
	return EXIT_BOX_FAILED;
}
