/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_config.c - an image's configuration as a build inherits, changes and writes it.
 *
 * What is written has one form: members in the order in which Docker has them, none that is empty, no spaces.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/build_plan.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/image_document.h"

#define HEALTH(member) offsetof(struct build_health, member)
static const struct field health_fields[] = {
	{ "Test", FIELD_TEXT_LIST, HEALTH(test), .flags = FIELD_OPEN | FIELD_SPARSE },
	{ "Interval", FIELD_INTEGER, HEALTH(interval_ns), .max = INT64_MAX },
	{ "Timeout", FIELD_INTEGER, HEALTH(timeout_ns), .max = INT64_MAX },
	{ "StartPeriod", FIELD_INTEGER, HEALTH(start_period_ns), .max = INT64_MAX },
	{ "StartInterval", FIELD_INTEGER, HEALTH(start_interval_ns), .max = INT64_MAX },
	{ "Retries", FIELD_INTEGER, HEALTH(retries), .max = INT64_MAX },
	{ 0 },
};

#define AT(member) offsetof(struct build_config, member)
/* ExposedPorts and Volumes are objects whose keys alone say something: image_document_keys. */
static const struct field run_fields[] = {
	{ "User", FIELD_TEXT, AT(user), .flags = FIELD_OPEN },
	{ "ExposedPorts", FIELD_OPAQUE, 0, .flags = 0 },
	{ "Env", FIELD_TEXT_LIST, AT(env), .flags = FIELD_SPARSE },
	{ "Entrypoint", FIELD_TEXT_LIST, AT(entrypoint), .flags = FIELD_SPARSE },
	{ "Cmd", FIELD_TEXT_LIST, AT(command), .flags = FIELD_SPARSE },
	{ "Volumes", FIELD_OPAQUE, 0, .flags = 0 },
	{ "WorkingDir", FIELD_TEXT, AT(working_dir), .flags = 0 },
	{ "Labels", FIELD_MAP, AT(labels), .flags = 0 },
	{ "StopSignal", FIELD_TEXT, AT(stop_signal), .flags = 0 },
	{ "StopTimeout", FIELD_INTEGER, AT(stop_timeout), .max = INT64_MAX },
	{ "ArgsEscaped", FIELD_BOOL, AT(args_escaped), .flags = 0 },
	{ "Healthcheck", FIELD_OBJECT, AT(health), .sub = health_fields },
	{ "OnBuild", FIELD_TEXT_LIST, AT(onbuild), .flags = FIELD_SPARSE },
	{ "Shell", FIELD_TEXT_LIST, AT(shell), .flags = FIELD_SPARSE },
	{ 0 },
};

static const struct field config_fields[] = {
	{ "architecture", FIELD_TEXT, AT(architecture), .flags = FIELD_OPEN },
	{ "os", FIELD_TEXT, AT(os), .flags = 0 },
	{ "variant", FIELD_TEXT, AT(variant), .flags = 0 },
	{ "author", FIELD_TEXT, AT(author), .flags = 0 },
	{ "config", FIELD_OBJECT, 0, .sub = run_fields },
	{ 0 },
};

/* Everything that is a list, for copying. */
static const size_t lists[] = { AT(exposed), AT(env),   AT(entrypoint), AT(command),   AT(volumes),    AT(labels),
				AT(onbuild), AT(shell), AT(scope),      AT(arguments), AT(health.test) };
static const size_t texts[] = { AT(architecture), AT(os),          AT(variant),    AT(author),
				AT(user),         AT(working_dir), AT(stop_signal) };

static struct list *list_at(struct build_config *config, size_t offset)
{
	return (struct list *)(void *)((char *)config + offset);
}

static char **text_at(struct build_config *config, size_t offset)
{
	return (char **)(void *)((char *)config + offset);
}

void build_config_release(struct build_config *config)
{
	int saved = errno;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_release(list_at(config, lists[i]));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(*text_at(config, texts[i]));
	*config = (struct build_config){ 0 };
	errno = saved;
}

void build_config_copy(struct build_config *to, const struct build_config *from)
{
	struct build_config copy = *from;

	/* The copies are made beside what they are copied from: list_copy releases what it writes to. */
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct list source = *list_at(&copy, lists[i]);

		*list_at(&copy, lists[i]) = (struct list){ 0 };
		list_copy(list_at(&copy, lists[i]), &source);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*text_at(&copy, texts[i]) = alloc_copy(*text_at(&copy, texts[i]));
	build_config_release(to);
	*to = copy;
}

int build_config_decode(const char *json, size_t length, const char *name, struct build_config *ret, struct error *e)
{
	struct build_config config = { 0 };
	json_t *root = image_document_parse(json, length, name, e), *run = json_object_get(root, "config");
	int result = -1;

	if (root && field_decode(config_fields, root, &config, e) == 0 &&
	    image_document_keys(run, "ExposedPorts", &config.exposed, e) == 0 &&
	    image_document_keys(run, "Volumes", &config.volumes, e) == 0 && image_document_check_env(&config.env, e) == 0)
		result = 0;
	json_decref(root);
	if (result) {
		build_config_release(&config);
		error_in(e, "read the image configuration %s", name);
		return error_as(e, ERROR_IMAGE);
	}
	list_sort(&config.labels);
	*ret = config;
	return 0;
}

static json_t *keys_object(const struct list *keys)
{
	json_t *object = json_object();

	for (size_t i = 0; i < keys->count; i++)
		json_object_set_new(object, keys->items[i], json_object());
	return object;
}

/* Whether the member says nothing: such members are left out, as Docker does it. */
static bool is_empty(const json_t *value)
{
	return !value ||
	       ((json_is_object(value) || json_is_array(value)) && !json_object_size(value) &&
		!json_array_size(value)) ||
	       (json_is_string(value) && !*json_string_value(value)) ||
	       (json_is_integer(value) && !json_integer_value(value)) || json_is_false(value);
}

static void drop_empty(json_t *object)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) if (is_empty(value)) json_object_del(object, key);
}

void build_config_write(const struct build_config *config, struct text *ret)
{
	json_t *known = field_build(run_fields, config), *object = json_object();
	char *json;

	for (const struct field *f = run_fields; f->key; f++) {
		json_t *value = json_object_get(known, f->key);

		if (f->kind == FIELD_OPAQUE)
			value = keys_object(*f->key == 'V' ? &config->volumes : &config->exposed);
		else
			json_incref(value);
		if (f->kind == FIELD_OBJECT)
			drop_empty(value);
		if (is_empty(value))
			json_decref(value);
		else
			json_object_set_new(object, f->key, value);
	}
	json = json_dumps(object, JSON_COMPACT);
	text_add(ret, json ? json : "{}");
	free(json);
	json_decref(object);
	json_decref(known);
}
