/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.c - how an image says that it wants to run.
 */
#include "specs/image_config.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field.h"
#include "specs/field_json.h"

enum { LIMIT = 4 << 20, DEEPEST = 32, ENV_LIMIT = 128 << 10 };

#define AT(member) offsetof(struct image_config, member)

#define HEALTH(member) (offsetof(struct image_config, health.member) - offsetof(struct image_config, health))
static const struct field health_fields[] = {
	{ "Test", FIELD_TEXT_LIST, HEALTH(test), .flags = FIELD_OPEN },
	{ "Interval", FIELD_INTEGER, HEALTH(interval_ns), .max = INT64_MAX },
	{ "Timeout", FIELD_INTEGER, HEALTH(timeout_ns), .max = INT64_MAX },
	{ "StartPeriod", FIELD_INTEGER, HEALTH(start_period_ns), .max = INT64_MAX },
	{ "StartInterval", FIELD_INTEGER, HEALTH(start_interval_ns), .max = INT64_MAX },
	{ "Retries", FIELD_INTEGER, HEALTH(retries), .max = INT64_MAX },
	{ 0 },
};

static const struct field run_fields[] = {
	{ "User", FIELD_TEXT, AT(user), .flags = FIELD_OPEN },
	{ "Env", FIELD_TEXT_LIST, AT(env), .flags = 0 },
	{ "Entrypoint", FIELD_TEXT_LIST, AT(entrypoint), .flags = 0 },
	{ "Cmd", FIELD_TEXT_LIST, AT(command), .flags = 0 },
	{ "WorkingDir", FIELD_TEXT, AT(working_dir), .flags = 0 },
	{ "StopSignal", FIELD_TEXT, AT(stop_signal), .flags = 0 },
	{ "Labels", FIELD_MAP, AT(labels), .flags = 0 },
	{ "Healthcheck", FIELD_OBJECT, AT(health), .sub = health_fields },
	{ 0 },
};

static const struct field diff_fields[] = {
	{ "diff_ids", FIELD_TEXT_LIST, AT(diff_ids), .flags = FIELD_OPEN },
	{ 0 },
};

static const struct field config_fields[] = {
	{ "architecture", FIELD_TEXT, AT(architecture), .flags = FIELD_OPEN },
	{ "os", FIELD_TEXT, AT(os), .flags = 0 },
	{ "config", FIELD_OBJECT, 0, .sub = run_fields },
	{ "rootfs", FIELD_OBJECT, 0, .sub = diff_fields },
	{ 0 },
};

void image_config_release(struct image_config *config)
{
	int saved = errno;

	field_release(config_fields, config);
	list_release(&config->volumes);
	errno = saved;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "Volumes": {"/data": {}}: the keys are what counts. */
static int take_volumes(json_t *root, struct list *ret, struct error *e)
{
	json_t *volumes = json_object_get(json_object_get(root, "config"), "Volumes"), *item;
	const char *key;

	if (volumes && !json_is_object(volumes) && !json_is_null(volumes))
		return field_wrong("Volumes", "an object", volumes, e);
	json_object_foreach(volumes, key, item)
		list_add(ret, key);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, by_name);
	return 0;
}

/* The kernel's own bound on argv and environment together is a quarter of the stack; an image needs far less. */
static int check_env(const struct list *env, struct error *e)
{
	size_t total = 0;

	for (size_t i = 0; i < env->count; i++)
		total += strlen(env->items[i]) + 1;
	if (total <= ENV_LIMIT)
		return 0;
	error_set(e, ERROR_IMAGE, "the environment has %zu bytes, more than %d", total, ENV_LIMIT);
	return error_at(e, "config.Env");
}

int image_config_decode(const char *json, size_t length, const char *name, struct image_config *ret, struct error *e)
{
	struct image_config config = { 0 };
	json_t *root = NULL;
	int result = -1;

	if (length > LIMIT)
		error_set(e, ERROR_IMAGE, "the configuration has %zu bytes, more than %d", length, LIMIT);
	else if (field_depth(json, length) > DEEPEST)
		error_set(e, ERROR_IMAGE, "the configuration is nested deeper than %d levels", DEEPEST);
	else
		root = field_parse(json, length, name, e);
	if (root && field_decode(config_fields, root, &config, e) == 0 && take_volumes(root, &config.volumes, e) == 0 &&
	    check_env(&config.env, e) == 0)
		result = 0;
	json_decref(root);
	if (result) {
		image_config_release(&config);
		error_in(e, "read the image configuration %s", name);
		return error_as(e, ERROR_IMAGE);
	}
	*ret = config;
	return 0;
}
