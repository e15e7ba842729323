/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - whether what has a file's names is the file's own.
 *
 * A file and its services are found again by their names alone. An app of another file that is called the same would be taken for a service
 * of this one: kept in its place, replaced, or removed with it.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "runtime/apps/instances.h"

/* What is there under a name of the file's, and is not of it: an app alone. */
static int refuse_app(const struct instance *found, const char *name, struct error *e)
{
	error_set(e, ERROR_EXISTS, "use the name %s: an app of this name is there, which is none of the file's services", name);
	if (found->unit)
		return error_hint(e, "remove it (box systemd remove %s, box down %s), or give it or the file another name", name, name);
	return error_hint(e, "remove it (box down %s), or give it or the file another name", name);
}

static int refuse_other_file(const struct instance *found, const char *name, struct error *e)
{
	if (text_equal(found->stack, name))
		error_set(e, ERROR_EXISTS, "use the name %s: a file with several services has it", name);
	else
		error_set(e, ERROR_EXISTS, "use the name %s: it is a service of %s, a file with several", name, found->stack);
	return error_hint(e, "another \"name\" in this file, or box down %s", found->stack);
}

/* Whoever is a service of this name has to be of this stack. */
static int check_service(const struct up *up, const char *stack, const char *full, struct error *e)
{
	autorelease(instances) struct instances found = { 0 };

	if (instances_find(up->call->places, full, &found, e))
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		if (text_equal(found.items[i].stack, stack))
			continue;
		return found.items[i].stack ? refuse_other_file(&found.items[i], full, e) : refuse_app(&found.items[i], full, e);
	}
	return 0;
}

int up_check_found(const struct up *up, const struct stack *stack, struct error *e)
{
	for (size_t i = 0; i < up->found.count; i++) {
		if (text_equal(up->found.items[i].stack, stack->name))
			continue;
		return up->found.items[i].stack ? refuse_other_file(&up->found.items[i], up->name, e) : refuse_app(&up->found.items[i], up->name, e);
	}
	return 0;
}

int up_check_names(const struct up *up, const struct stack *stack, struct error *e)
{
	if (up_check_found(up, stack, e))
		return -1;
	for (size_t i = 0; stack->name && i < stack->count; i++)
		if (check_service(up, stack->name, stack->services[i].full, e))
			return -1;
	return 0;
}
