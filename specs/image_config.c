/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.c - how an image says that it wants to run.
 */
#include "specs/image_config.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "specs/field.h"
#include "specs/field_json.h"
#include "specs/image_document.h"

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

int image_config_decode(const char *json, size_t length, const char *name, struct image_config *ret, struct error *e)
{
	struct image_config config = { 0 };
	json_t *root = image_document_parse(json, length, name, e);
	int result = -1;

	if (root && field_decode(config_fields, root, &config, e) == 0 &&
	    image_document_keys(json_object_get(root, "config"), "Volumes", &config.volumes, e) == 0 &&
	    image_document_check_env(&config.env, e) == 0)
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
