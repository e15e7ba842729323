/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.c - several apps in one file.
 *
 *     the file's own keys -> each service: dependencies, secrets by name -> app_decode.c -> whole names -> order
 */
#include "specs/services.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/problems.h"
#include "specs/stack.h"
#include "specs/stack_fields.h"

static int check_objects(json_t *root, const char *key, struct problems *p)
{
	const struct place at = { .key = key };
	json_t *objects = json_object_get(root, key), *item;
	const char *name;

	if (objects && !json_is_object(objects))
		return field_expected(p, &at, "an object", objects);
	json_object_foreach(objects, name, item) {
		const struct place here = { .up = &at, .key = name };

		if (!json_is_object(item) && field_expected(p, &here, "an object", item))
			return -1;
	}
	return 0;
}

static int check_names(const struct stack *stack, json_t *services, struct problems *p)
{
	const struct place top = { .key = "name" }, at = { .key = "services" };
	const char *name;
	json_t *item;

	if (!name_is_plain(stack->name) || strlen(stack->name) > 60) {
		error_set(p->e, ERROR_SPEC, "expected a letter or digit, then up to 59 letters, digits, \"_\", \".\" or \"-\", found \"%.80s\"",
			  stack->name);
		if (field_problem(p, &top))
			return -1;
	}
	json_object_foreach(services, name, item) {
		const struct place here = { .up = &at, .key = name };

		/* Replicas are called "web-2", and generations "web.2". */
		if (name_is_plain(name) && strlen(name) <= 50 && !strchr(name, '.'))
			continue;
		error_set(p->e, ERROR_SPEC, "expected a service's name of up to 50 letters, digits, \"_\" or \"-\", found \"%.80s\"", name);
		if (field_problem(p, &here))
			return -1;
	}
	return 0;
}

/* "web-2" is the second replica of "web". */
static int check_replicas(const struct stack *stack, struct problems *p)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct stack_service *service = &stack->services[i];
		const char *dash = strrchr(service->name, '-');
		autofree char *other = dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1)
					       ? text_format("%.*s", (int)(dash - service->name), service->name)
					       : NULL;

		if (!other || !stack_find(stack, other))
			continue;
		error_set(p->e, ERROR_SPEC, "\"%s\" is what a replica of the service \"%s\" is called: choose another name", service->name, other);
		error_at(p->e, "services.%s", service->name);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

static int refuse_name(json_t *service, struct problems *p)
{
	if (!json_object_get(service, "name"))
		return 0;
	error_set(p->e, ERROR_SPEC, "the name of a service is its key in \"services\"");
	error_at(p->e, "name");
	return problems_add(p);
}

static int decode_service(const struct app *file, json_t *root, struct stack *stack, struct stack_service *service, struct problems *p)
{
	json_t *services = json_object_get(root, "services"), *object = json_object_get(services, service->name);
	struct app *app = service->app;
	int result;

	if (service_dependencies(services, object, service, p) || refuse_name(object, p))
		return -1;
	service_secrets(json_object_get(root, "secrets"), object);
	json_object_del(object, "depends_on");
	result = app_decode(app, object, p);
	if (result == 0)
		result = service_names(stack, service->name, app, p);
	free(app->name); /* where it has one, that has been told */
	app->name = alloc_copy(service->full);
	app->prefix = text_format("services.%s", service->name);
	text_add_bytes(&app->text, file->text.data, file->text.length);
	app->override = alloc_copy(file->override);
	return result;
}

static void add_service(const struct app *file, struct stack *stack, const char *name)
{
	struct stack_service *service = alloc_append(&stack->services, &stack->count, sizeof *service);
	struct app *app = alloc_zeroed(1, sizeof *app);

	app_init(app);
	app->file = alloc_copy(file->file);
	app->folder = alloc_copy(file->folder);
	app->is_service = true;
	*service = (struct stack_service){ .name = alloc_copy(name), .full = text_format("%s-%s", stack->name, name), .app = app };
}

static int decode_all(const struct app *file, json_t *root, struct stack *stack, struct problems *p)
{
	json_t *services = json_object_get(root, "services"), *item;
	const char *name;

	json_object_foreach(services, name, item) add_service(file, stack, name);
	for (size_t i = 0; i < stack->count; i++) {
		autofree char *prefix = text_format("services.%s", stack->services[i].name);
		int result;

		p->prefix = prefix;
		result = decode_service(file, root, stack, &stack->services[i], p);
		p->prefix = NULL;
		if (result && !p->tell)
			return -1;
	}
	return 0;
}

int services_decode(struct app *file, json_t *root, struct stack *ret, struct problems *p)
{
	json_t *services = json_object_get(root, "services"), *own = json_copy(root);
	size_t before = p->count, before_services;
	int result;

	/* Where all is told, what is wrong beside the services does not hide what is wrong in them. */
	json_object_del(own, "services");
	result = interpolate_json(own, NULL, p) || p->count > before || field_decode_all(services_table, own, ret, p) ? -1 : 0;
	if (result == 0)
		json_object_update(root, own);
	json_decref(own);
	if (result)
		return -1;
	before_services = p->count;
	if (check_objects(root, "services", p) || check_objects(root, "secrets", p) || p->count > before_services ||
	    services_check_secrets(json_object_get(root, "secrets"), p) || p->count > before_services)
		return -1;
	if (json_object_size(services) == 0) {
		error_set(p->e, ERROR_SPEC, "expected at least one service");
		error_at(p->e, "services");
		(void)problems_add(p);
		return -1;
	}
	file->name = alloc_copy(ret->name);
	app_fill_name(file);
	free(ret->name);
	ret->name = alloc_copy(file->name);
	services_name_all(ret);
	if (check_names(ret, services, p) || p->count > before_services || decode_all(file, root, ret, p) || p->count > before)
		return -1;
	if (check_replicas(ret, p) || services_check_clashes(ret, p) || services_order(ret, p) || p->count > before)
		return -1;
	services_introduce(ret);
	return 0;
}
