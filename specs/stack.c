/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.c - what is known of a file with services: the tables of its own keys, and what comes of them.
 */
#include "specs/stack.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/relax.h"
#include "specs/stack_fields.h"

enum { FILE_LIMIT = 1 << 20 };

#define WHOLE_NAME "Its name on the host. Default: the file's name, \"_\" and the key; of an external one: the key."

static const char *const conditions[] = { "service_started", "service_healthy", "service_completed_successfully", NULL };

const struct field dependency_fields[] = {
	{ "condition", FIELD_ENUM, offsetof(struct stack_dependency, condition), .names = conditions,
	  .help = "service_started, service_healthy or service_completed_successfully. Default: service_started." },
	{ "restart", FIELD_BOOL, offsetof(struct stack_dependency, restart), .help = "Restart when that one is replaced. Default: false." },
	{ "required", FIELD_BOOL, offsetof(struct stack_dependency, is_required), .help = "Fail without that one. Default: true." },
	{ 0 },
};

#define AT(member) offsetof(struct stack_volume, member)
const struct field stack_volume_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .help = WHOLE_NAME },
	{ "external", FIELD_BOOL, AT(is_external), .help = "It is there already: box down --volumes leaves it. Default: false." },
	{ "driver", FIELD_UNSUPPORTED, 0, .help = "volumes are folders of box's store: leave it out" },
	{ "driver_opts", FIELD_UNSUPPORTED, 0,
	  .help = "volumes are folders of box's store: leave it out; a folder of the host, also of NFS, is bound: \"/mnt/data:/data\"" },
	{ "labels", FIELD_UNSUPPORTED, 0, .help = "volumes have no labels: leave it out" },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct stack_network, member)
const struct field stack_network_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .help = WHOLE_NAME },
	{ "external", FIELD_BOOL, AT(is_external), .help = "box network create has made it. Default: false." },
	{ "internal", FIELD_BOOL, AT(is_internal), .help = "No way out of it, and none in but published ports. Default: false." },
	{ "subnet", FIELD_TEXT, AT(subnet), .help = "Its addresses: \"10.9.0.0/24\". Default: box chooses them." },
	{ "driver", FIELD_UNSUPPORTED, 0, .help = "every network is a private one of box's: leave it out" },
	{ "driver_opts", FIELD_UNSUPPORTED, 0, .help = "every network is a private one of box's: leave it out" },
	{ "ipam", FIELD_UNSUPPORTED, 0, .help = "\"subnet\" says which addresses it has" },
	{ "enable_ipv6", FIELD_UNSUPPORTED, 0, .help = "every network has IPv6, too: leave it out" },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct stack, member)
const struct field services_table[] = {
	{ "$schema", FIELD_OPAQUE, 0, .help = "For editors: the path of app.schema.json. box does not read it." },
	{ "name", FIELD_TEXT, AT(name), .pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$",
	  .help = "Name of all of them together: letters, digits, \"_\", \".\", \"-\". Default: the file's folder." },
	{ "services", FIELD_OPAQUE, 0, .help = "The apps, by name." },
	{ "networks", FIELD_OBJECT_MAP, AT(networks), .flags = FIELD_EMPTY, .sub = stack_network_fields, .size = sizeof(struct stack_network),
	  .count_offset = AT(network_count), .help = "Private networks, by name." },
	{ "volumes", FIELD_OBJECT_MAP, AT(volumes), .flags = FIELD_EMPTY, .sub = stack_volume_fields, .size = sizeof(struct stack_volume),
	  .count_offset = AT(volume_count), .help = "Volumes, by name." },
	{ "secrets", FIELD_OPAQUE, 0, .help = "Where secrets come from, by name." },
	{ 0 },
};
#undef AT

static void release_service(struct stack_service *service)
{
	for (size_t i = 0; i < service->dependency_count; i++)
		free(service->dependencies[i].service);
	free(service->dependencies);
	free(service->name);
	free(service->full);
	app_free(service->app);
}

void stack_release(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		release_service(&stack->services[i]);
	free(stack->services);
	app_free(stack->shared);
	free(stack->file);
	field_release(services_table, stack);
	*stack = (struct stack){ 0 };
}

void stack_free(struct stack *stack)
{
	if (!stack)
		return;
	stack_release(stack);
	free(stack);
}

bool stack_is_file(const char *path)
{
	autorelease(text) struct text text = { 0 };
	struct error ignored = { 0 };
	json_t *root;
	bool result;

	if (strcmp(path, "-") == 0 || file_read(AT_FDCWD, path, FILE_LIMIT, &text, &ignored) || !text.data || !strstr(text.data, "\"services\"") ||
	    relax(text.data, text.length, path, &ignored))
		return false;
	root = field_parse(text.data, text.length, path, &ignored);
	result = json_is_object(root) && json_object_get(root, "services");
	json_decref(root);
	return result;
}

const struct stack_service *stack_find(const struct stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->count; i++)
		if (strcmp(stack->services[i].name, name) == 0)
			return &stack->services[i];
	return NULL;
}

static json_t *build_dependencies(const struct stack_service *service)
{
	json_t *object = json_object();

	for (size_t i = 0; i < service->dependency_count; i++)
		json_object_set_new(object, service->dependencies[i].service, field_build(dependency_fields, &service->dependencies[i]));
	return object;
}

static json_t *build_service(const struct stack_service *service)
{
	json_t *object = app_build(service->app);

	json_object_del(object, "name");
	if (service->dependency_count)
		json_object_set_new(object, "depends_on", build_dependencies(service));
	return object;
}

/* By whole names, which services say: read again, it is the same. */
static json_t *build_volumes(const struct stack *stack)
{
	json_t *object = json_object();

	for (size_t i = 0; i < stack->volume_count; i++)
		json_object_set_new(object, stack->volumes[i].name, field_build(stack_volume_fields, &stack->volumes[i]));
	return object;
}

static json_t *build_networks(const struct stack *stack)
{
	json_t *object = json_object();

	for (size_t i = 0; i < stack->network_count; i++)
		json_object_set_new(object, stack->networks[i].name, field_build(stack_network_fields, &stack->networks[i]));
	return object;
}

void stack_dump(const struct stack *stack, struct text *ret)
{
	json_t *root, *services;

	if (!stack->name) {
		app_dump(stack->services[0].app, ret);
		return;
	}
	root = json_object();
	services = json_object();
	for (size_t i = 0; i < stack->count; i++)
		json_object_set_new(services, stack->services[i].name, build_service(&stack->services[i]));
	json_object_set_new(root, "name", json_string(stack->name));
	json_object_set_new(root, "services", services);
	if (stack->network_count)
		json_object_set_new(root, "networks", build_networks(stack));
	if (stack->volume_count)
		json_object_set_new(root, "volumes", build_volumes(stack));
	interpolate_escape(root);
	field_print(root, ret);
	json_decref(root);
}

struct app_update app_update(const struct app *app)
{
	return (struct app_update){ (enum app_update_order)app->update.order, app->update.monitor, app->update.timeout, app->update.drain };
}

int64_t app_replicas(const struct app *app)
{
	return app->replicas;
}

const struct list *app_profiles(const struct app *app)
{
	return &app->profiles;
}
