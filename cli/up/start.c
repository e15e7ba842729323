/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - box start of a file's name: its services as they were made, in the order and with the conditions of depends_on.
 *
 * What their file says by now is box up's business.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/for_cli.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"

enum { NAME = 256, TIMEOUT_US = 60000000 };

/* "shop-db:1:0:1 …" */
static void take_dependencies(const char *words, struct stack_service *to)
{
	for (const char *at = words; at && *at; at += strcspn(at, " "), at += *at == ' ') {
		struct stack_dependency *dependency;
		char name[NAME];
		int condition, restarts, is_required;

		if (sscanf(at, "%255[^: ]:%d:%d:%d", name, &condition, &restarts, &is_required) != 4)
			continue;
		dependency = alloc_append(&to->dependencies, &to->dependency_count, sizeof *dependency);
		*dependency = (struct stack_dependency){ alloc_copy(name), condition, restarts, is_required };
	}
}

static void add(struct up *up, const struct instance *instance)
{
	struct up_service *service = &up->services[up->count];
	struct stack_service *written = &up->started[up->count++];
	struct error ignored = { 0 };
	autoclose int definition = apps_open(up->call->places, instance->name, NULL, &ignored);

	written->name = written->full = instance->service;
	take_dependencies(instance->depends, written);
	service->written = written;
	service->is_checked = definition >= 0 && faccessat(definition, "health", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	service->update.timeout_us = TIMEOUT_US;
	service->wanted = (struct plan_service){ .full = instance->service, .digest = instance->digest, .level = instance->level,
						 .restart = instance->restart, .is_wanted = true };
}

/* Instances lie in the order of levels. */
static void describe(struct up *up)
{
	up->services = alloc_zeroed(up->found.count + 1, sizeof *up->services);
	up->started = alloc_zeroed(up->found.count + 1, sizeof *up->started);
	for (size_t i = 0; i < up->found.count; i++) {
		const struct instance *instance = &up->found.items[i];

		if (instance->role != INSTANCE_LIVE)
			continue;
		if (!up_service_of(up, instance->service))
			add(up, instance);
		up_service_of(up, instance->service)->wanted.replicas++;
	}
}

static void forget(struct up *up)
{
	for (size_t i = 0; i < up->count; i++) {
		for (size_t k = 0; k < up->started[i].dependency_count; k++)
			free(up->started[i].dependencies[k].service);
		free(up->started[i].dependencies);
	}
	free(take_ptr(&up->started));
}

int stack_start(const struct call *call, const char *name, bool quiet)
{
	const struct up_options options = { .quiet = quiet, .tells_names = true };
	struct up up = { .call = call, .options = &options, .name = name, .lock = -1 };
	struct error e = { 0 };
	int status;

	if (up_lock(&up, name, &e) || up_look(&up, &e)) {
		status = report_failure(&e);
	} else {
		describe(&up);
		up_plan(&up);
		status = up_perform(&up);
	}
	if (up.started)
		forget(&up);
	up_release(&up);
	return status;
}
