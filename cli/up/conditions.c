/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions.c - what depends_on has a service wait for.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/up/up.h"

size_t up_find_service(const struct up *up, const char *name)
{
	for (size_t i = 0; i < up->count; i++)
		if (up->services[i].written && strcmp(up->services[i].written->name, name) == 0)
			return i;
	return up->count; /* cannot be: the file was checked */
}

struct up_service *up_service_of(const struct up *up, const char *full)
{
	for (size_t i = 0; i < up->count; i++)
		if (strcmp(up->services[i].wanted.full, full) == 0)
			return &up->services[i];
	return NULL;
}

static int wait_for(const struct up *up, const char *who, enum stack_condition condition, const struct up_service *on, struct error *e)
{
	const struct up_patience patience = { on->update.timeout_us, 0 };
	autorelease(list) struct list names = { 0 };

	if (condition == STACK_STARTED)
		return 0;
	if (condition == STACK_HEALTHY && !on->is_checked)
		return error_set(e, ERROR_SPEC, "%s has no health check", on->wanted.full);
	if (up_live(up, on, &names, e))
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (condition == STACK_HEALTHY ? up_wait_ready(up, names.items[i], /* is_checked= */ true, patience, e)
					       : up_wait_done(up, who, names.items[i], e)) {
			(void)up_explain(up, names.items[i]);
			return -1;
		}
	return 0;
}

int up_wait_condition(const struct up *up, const char *who, const struct stack_dependency *dependency, struct error *e)
{
	size_t index = up_find_service(up, dependency->service);
	const struct up_service *on = &up->services[index];

	if (index == up->count || !on->wanted.is_wanted || wait_for(up, who, (enum stack_condition)dependency->condition, on, e) == 0)
		return 0;
	if (dependency->is_required)
		return error_in(e, "%s waits for %s", who, on->wanted.full);
	error_clear(e);
	return 0;
}

int up_wait_needed(const struct up *up, const struct stack_service *service, struct error *e)
{
	for (size_t i = 0; i < service->dependency_count; i++)
		if (up_wait_condition(up, service->full, &service->dependencies[i], e))
			return -1;
	return 0;
}
