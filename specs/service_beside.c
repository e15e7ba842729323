/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_beside.c - a run beside a service of a file: the service's image, variables, volumes, secrets and networks, for one command.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/option_merge.h"
#include "specs/services.h"
#include "specs/stack.h"

/* Whatever asks for it, finds the service; and it ends with its command. */
static const char *const of_service[] = { "ports", "replicas", "schedule", "restart", "healthcheck", "update" };

int services_set_beside(struct app *file, json_t *root, const struct app_options *options, struct error *e)
{
	json_t *service = json_object_get(json_object_get(root, "services"), options->service);
	autorelease(list) struct list set = { 0 };

	if (!json_is_object(service))
		return 0; /* who decodes it tells */
	for (size_t i = 0; i < sizeof of_service / sizeof *of_service; i++)
		json_object_del(service, of_service[i]);
	if (option_merge(options->fields, service, &set, e))
		return -1;
	for (size_t i = 0; i < set.count; i++)
		list_addf(&file->from_options, "services.%s.%s", options->service, set.items[i]);
	return 0;
}

void service_rename(const struct stack_service *service, const char *name)
{
	struct app *app = service->app;

	service_introduce(service, service);
	for (size_t i = 0; i < app->network_count; i++)
		list_release(&app->networks[i].aliases);
	free(app->name);
	app->name = alloc_copy(name);
}
