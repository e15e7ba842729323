/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.c - several apps in one file.
 *
 * Running them needs private networks and a supervisor, which come later. Until then the file is read as strictly as it
 * will be, so that nobody finds out on the day of the upgrade.
 */
#include "specs/services.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/problems.h"

static const char *const conditions[] = { "service_started", "service_healthy", "service_completed_successfully", NULL };

struct dependency {
	int condition;
	bool restart, required;
};

static const struct field dependency_table[] = {
	{ "condition", FIELD_ENUM, offsetof(struct dependency, condition), .names = conditions,
	  .help = "service_started, service_healthy or service_completed_successfully." },
	{ "restart", FIELD_BOOL, offsetof(struct dependency, restart), .help = "Restart when that one is replaced." },
	{ "required", FIELD_BOOL, offsetof(struct dependency, required), .help = "Fail without that one. Default: true." },
	{ 0 },
};

struct file {
	char *name;
};

static const struct field file_table[] = {
	{ "$schema", FIELD_OPAQUE, 0, .help = "For editors." },
	{ "name", FIELD_TEXT, offsetof(struct file, name), .help = "Name of all of them together." },
	{ "services", FIELD_OPAQUE, 0, .help = "The apps, by name." },
	{ "networks", FIELD_OPAQUE, 0, .help = "Private networks, by name." },
	{ "volumes", FIELD_OPAQUE, 0, .help = "Volumes, by name." },
	{ "secrets", FIELD_OPAQUE, 0, .help = "Secrets, by name." },
	{ 0 },
};

static int check_dependency(json_t *services, const char *own, const char *other, const struct place *at, struct problems *p)
{
	if (strcmp(own, other) == 0)
		error_set(p->e, ERROR_SPEC, "%.80s depends on itself", own);
	else if (!json_object_get(services, other))
		error_set(p->e, ERROR_SPEC, "there is no service \"%.80s\"", other);
	else
		return 0;
	return field_problem(p, at);
}

/* "depends_on" of one service, an array of names or an object of conditions, is checked and made an object without conditions. */
static int take_dependencies(json_t *services, const char *own, json_t *service, struct problems *p)
{
	const struct place at = { .key = "depends_on" };
	json_t *depends = json_object_get(service, "depends_on"), *item;
	const char *key;
	size_t i;

	if (depends && !json_is_object(depends) && !json_is_array(depends))
		return field_expected(p, &at, "an array of services, or an object of conditions", depends);
	json_array_foreach(depends, i, item) {
		const struct place here = { .up = &at, .index = i };

		if (json_is_string(item) ? check_dependency(services, own, json_string_value(item), &here, p)
					 : field_expected(p, &here, "a service", item))
			return -1;
	}
	json_object_foreach(depends, key, item) {
		const struct place here = { .up = &at, .key = key };
		struct dependency dependency = { .required = true };

		if (check_dependency(services, own, key, &here, p))
			return -1;
		if (field_decode(dependency_table, item, &dependency, p->e) && field_problem(p, &here))
			return -1;
	}
	return 0;
}

static bool is_waiting(json_t *depends, json_t *started)
{
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach(depends, i, item)
		if (json_is_string(item) && !json_object_get(started, json_string_value(item)))
			return true;
	json_object_foreach(depends, key, item)
		if (!json_object_get(started, key))
			return true;
	return false;
}

/* Starts, on paper, everything that waits for nothing more, until nothing is left, or nothing moves: a circle. */
static int check_order(json_t *services, struct problems *p)
{
	json_t *started = json_object(), *service;
	const char *name, *stuck;
	size_t count;
	int result = 0;

	do {
		count = json_object_size(started);
		stuck = NULL;
		json_object_foreach(services, name, service) {
			if (json_object_get(started, name))
				continue;
			if (is_waiting(json_object_get(service, "depends_on"), started))
				stuck = name;
			else
				json_object_set_new(started, name, json_true());
		}
	} while (stuck && json_object_size(started) > count);
	if (stuck) {
		error_set(p->e, ERROR_SPEC, "the services wait for each other in a circle");
		error_at(p->e, "services.%s.depends_on", stuck);
		result = problems_add(p);
	}
	json_decref(started);
	return result;
}

static int check_service(const struct app *file, json_t *services, const char *name, json_t *service, struct problems *p)
{
	autofree char *prefix = text_format("services.%s", name);
	struct app app = { .file = alloc_copy(file->file), .folder = alloc_copy(file->folder), .name = alloc_copy(name),
			   .is_service = true };
	int result;

	app_init(&app);
	p->prefix = prefix;
	result = json_is_object(service) ? take_dependencies(services, name, service, p) : 0;
	if (result == 0) {
		json_t *rest = json_copy(service);

		if (json_is_object(rest))
			json_object_del(rest, "depends_on");
		result = app_decode(&app, rest, p);
		json_decref(rest);
	}
	p->prefix = NULL;
	app_release(&app);
	return result;
}

static int check_named_objects(json_t *root, const char *key, struct problems *p)
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

int services_refuse(const struct app *file, json_t *root, struct problems *p)
{
	json_t *services = json_object_get(root, "services"), *service;
	struct file top = { 0 };
	size_t before = p->count;
	const char *name;
	int result = field_decode_all(file_table, root, &top, p);

	field_release(file_table, &top);
	if (result || check_named_objects(root, "services", p) || check_named_objects(root, "networks", p) ||
	    check_named_objects(root, "volumes", p) || check_named_objects(root, "secrets", p) || p->count > before)
		return -1;
	json_object_foreach(services, name, service)
		if (check_service(file, services, name, service, p) && !p->tell)
			return -1;
	if (check_order(services, p) || p->count > before)
		return -1;
	error_set(p->e, ERROR_UNSUPPORTED, "several services in one file are not supported yet");
	error_hint(p->e, "write one file per app");
	error_at(p->e, "services");
	(void)problems_add(p); /* the last word in any case */
	return -1;
}
