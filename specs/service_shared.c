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
#include "specs/field.h"
#include "specs/problems.h"
#include "specs/services.h"
#include "specs/stack.h"

#define AT(member) offsetof(struct stack_volume, member)
const struct field stack_volume_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .help = "Its name on the host. Default: the file's name, \"_\" and the key; of an external one: the key." },
	{ "external", FIELD_BOOL, AT(is_external), .help = "It is there already: box down --volumes leaves it. Default: false." },
	{ "driver", FIELD_UNSUPPORTED, 0, .help = "volumes are folders of box's store: leave it out" },
	{ "driver_opts", FIELD_UNSUPPORTED, 0, .help = "volumes are folders of box's store: leave it out" },
	{ "labels", FIELD_UNSUPPORTED, 0, .help = "volumes have no labels: leave it out" },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct stack_network, member)
const struct field stack_network_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .help = "Its name on the host. Default: the file's name, \"_\" and the key; of an external one: the key." },
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

static void name_one(const struct stack *stack, const char *key, bool is_external, char **name)
{
	if (!*name)
		*name = is_external ? alloc_copy(key) : text_format("%s_%s", stack->name, key);
}

void services_name_all(struct stack *stack)
{
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

static int tell_unknown(const char *what, const char *name, struct problems *p, const char *field, size_t index)
{
	error_set(p->e, ERROR_SPEC, "the file has no %s \"%.80s\"", what, name);
	error_hint(p->e, "write \"%ss\": {\"%.80s\": {}} beside \"services\"", what, name);
	error_at(p->e, "%s[%zu]", field, index);
	return problems_add(p);
}

int service_names(const struct stack *stack, struct app *app, struct problems *p)
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
