/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.c - what is done to one instance of a service, whoever does it, and what is said of that.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"
#include "runtime/background.h"

void up_tell(const struct up *up, const char *format, ...)
{
	autorelease(text) struct text line = { 0 };
	struct error ignored = { 0 };
	char words[512];
	va_list args;

	if (up->options->quiet)
		return;
	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args); /* cut is fine */
	va_end(args);
	if (up->options->tells_aside) {
		report_line(words);
		return;
	}
	text_addf(&line, "%s\n", words);
	(void)report_text(&line, &ignored); /* what is done is done */
}

void up_tell_started(const struct up *up, const char *name)
{
	up_tell(up, up->options->tells_names ? "%s" : "started %s", name);
}

int up_make(struct up *up, struct up_service *service, int64_t replica, int64_t generation, bool is_standby, struct error *e)
{
	const struct list none = { 0 };
	const struct app_definition place = { .stack = service->stack, .service = service->wanted.full, .replica = replica,
					      .generation = generation, .level = service->wanted.level, .spec_digest = service->digest,
					      .volumes_of = service->wanted.full, .is_standby = is_standby, .named = service->named,
					      .depends = service->depends.length ? service->depends.data : NULL,
					      .external = service->external.length ? service->external.data : NULL };
	autofree char *name = instance_name(service->wanted.full, replica, generation);
	int found = apps_find(up->call->places, name, e);

	if (found)
		return found < 0 ? -1 : 0;
	free(service->run.container.name);
	service->run.container.name = alloc_copy(name);
	service->run.container.is_standby = is_standby;
	return run_make(&service->run, up->call, &service->choices, &none, &place, e) ? error_in(e, "make %s", name) : 0;
}

int up_retire(struct up *up, const char *name, struct error *e)
{
	return background_stop(up->call->places, name, /* grace_us= */ -1, e) || instance_retire(up->call->places, name, e) ? -1 : 0;
}

int up_live(const struct up *up, const struct up_service *service, struct list *ret, struct error *e)
{
	struct instances instances = { 0 };

	if (instances_find(up->call->places, service->wanted.full, &instances, e))
		return -1;
	instances_live(&instances, ret);
	instances_release(&instances);
	return 0;
}
