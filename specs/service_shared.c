/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_shared.c - what a file with services says for all of them: its volumes, networks and secrets.
 *
 * A name in a service is the file's word; on the host it has the name of the file in front, so that two files may both have a volume
 * "data". "name" gives another one, "external" takes what is there.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/app_fields.h"
#include "specs/app_tables.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/problems.h"
#include "specs/services.h"
#include "specs/stack.h"

static void name_one(const struct stack *stack, const char *key, bool is_external, char **name)
{
	if (!*name)
		*name = is_external ? alloc_copy(key) : text_format("%s_%s", stack->name, key);
}

static const struct stack_network *find_network(const struct stack *stack, const char *key)
{
	for (size_t i = 0; i < stack->network_count; i++)
		if (strcmp(stack->networks[i].key, key) == 0)
			return &stack->networks[i];
	return NULL;
}

void services_name_all(struct stack *stack)
{
	if (!find_network(stack, "default")) {
		struct stack_network *own = alloc_append(&stack->networks, &stack->network_count, sizeof *own);

		*own = (struct stack_network){ .key = alloc_copy("default") };
	}
	for (size_t i = 0; i < stack->volume_count; i++)
		name_one(stack, stack->volumes[i].key, stack->volumes[i].is_external, &stack->volumes[i].name);
	for (size_t i = 0; i < stack->network_count; i++)
		name_one(stack, stack->networks[i].key, stack->networks[i].is_external, &stack->networks[i].name);
}

/* "db", or {"source": "db", …}, where "secrets" of the file has it. */
static void complete_secret(json_t *secrets, json_t *array, size_t index)
{
	json_t *item = json_array_get(array, index), *source = json_is_string(item) ? item : json_object_get(item, "source");
	const char *name = json_string_value(source);
	json_t *shared = name ? json_object_get(secrets, name) : NULL;

	if (!shared)
		return;
	if (json_is_object(item)) {
		if (!json_object_get(item, "target"))
			json_object_set_new(item, "target", json_string(name));
		json_object_set_new(item, "source", json_deep_copy(shared));
		return;
	}
	json_array_set_new(array, index, json_pack("{s:o, s:s}", "source", json_deep_copy(shared), "target", name));
}

void service_secrets(json_t *secrets, json_t *service)
{
	json_t *array = json_object_get(service, "secrets");

	for (size_t i = 0; json_is_array(array) && i < json_array_size(array); i++)
		complete_secret(secrets, array, i);
}

static int check_source(json_t *object, struct problems *p)
{
	struct secret_source source = { 0 };
	size_t before = p->count;
	int result = field_decode_all(secret_source_fields, object, &source, p), count;

	count = !!source.file + !!source.environment + !!source.command.count + !!source.systemd_creds;
	field_release(secret_source_fields, &source);
	if (result || p->count > before || count == 1)
		return result;
	error_set(p->e, ERROR_SPEC, "expected one of \"file\", \"environment\", \"command\" and \"systemd_creds\"");
	return problems_add(p);
}

int services_check_secrets(json_t *secrets, struct problems *p)
{
	const char *name;
	json_t *item;
	int result = 0;

	json_object_foreach(secrets, name, item) {
		autofree char *prefix = text_format("secrets.%s", name);

		p->prefix = prefix;
		result = check_source(item, p);
		p->prefix = NULL;
		if (result && !p->tell)
			return -1;
	}
	return result;
}

static int tell_unknown(const char *what, const char *name, struct problems *p, const char *field, size_t index)
{
	error_set(p->e, ERROR_SPEC, "the file has no %s \"%.80s\"", what, name);
	error_hint(p->e, "write \"%ss\": {\"%.80s\": {}} beside \"services\"", what, name);
	error_at(p->e, "%s[%zu]", field, index);
	return problems_add(p);
}

static int name_volumes(const struct stack *stack, struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->volume_count; i++) {
		struct volume *v = &app->volumes[i];
		const char *whole = NULL;

		if (v->type != VOLUME_NAMED)
			continue;
		for (size_t k = 0; k < stack->volume_count; k++)
			if (strcmp(stack->volumes[k].key, v->source) == 0)
				whole = stack->volumes[k].name;
		if (!whole && tell_unknown("volume", v->source, p, "volumes", i))
			return -1;
		if (whole) {
			free(v->source);
			v->source = alloc_copy(whole);
		}
	}
	return 0;
}

/* Its name in the file is how others in its networks call it. */
static void take_network(const struct stack_network *from, const char *service, struct app_network *to)
{
	free(to->name);
	to->name = alloc_copy(from->name);
	to->is_internal = from->is_internal;
	to->subnet = alloc_copy(from->subnet);
	if (!list_has(&to->aliases, service))
		list_add(&to->aliases, service);
}

static int name_networks(const struct stack *stack, const char *service, struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->network_count; i++) {
		const struct stack_network *network = find_network(stack, app->networks[i].name);

		if (network)
			take_network(network, service, &app->networks[i]);
		else if (tell_unknown("network", app->networks[i].name, p, "networks", i))
			return -1;
	}
	return 0;
}

/* One that says nothing about networks is in that of the file. */
static void join_default(const struct stack *stack, const char *service, struct app *app)
{
	const struct stack_network *network = find_network(stack, "default");

	if (!network || app->network_count || app_has(app, "networks") ||
	    (app_has(app, "network_mode") && app->network_mode != NETWORK_CHOICE_PRIVATE))
		return;
	take_network(network, service, alloc_append(&app->networks, &app->network_count, sizeof *app->networks));
	list_add(&app->written, "networks");
}

int service_names(const struct stack *stack, const char *service, struct app *app, struct problems *p)
{
	if (name_volumes(stack, app, p) || name_networks(stack, service, app, p))
		return -1;
	join_default(stack, service, app);
	return 0;
}

void service_introduce(const struct stack_service *one, const struct stack_service *other)
{
	for (size_t i = 0; i < one->app->network_count; i++)
		for (size_t k = 0; k < other->app->network_count; k++)
			if (strcmp(one->app->networks[i].name, other->app->networks[k].name) == 0)
				list_addf(&one->app->neighbours, "%s %s %s", one->app->networks[i].name, other->name, other->full);
}

void services_introduce(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		for (size_t k = 0; k < stack->count; k++)
			if (i != k)
				service_introduce(&stack->services[i], &stack->services[k]);
}
