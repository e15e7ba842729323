/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_document.c - an image's configuration as JSON.
 */
#include "specs/image_document.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/field_json.h"

enum { LIMIT = 4 << 20, DEEPEST = 32, ENV_LIMIT = 128 << 10 };

json_t *image_document_parse(const char *json, size_t length, const char *name, struct error *e)
{
	if (length > LIMIT)
		error_set(e, ERROR_IMAGE, "the configuration has %zu bytes, more than %d", length, LIMIT);
	else if (field_depth(json, length) > DEEPEST)
		error_set(e, ERROR_IMAGE, "the configuration is nested deeper than %d levels", DEEPEST);
	else
		return field_parse(json, length, name, e);
	return NULL;
}

int image_document_keys(json_t *config, const char *name, struct list *ret, struct error *e)
{
	json_t *object = json_object_get(config, name), *item;
	const char *key;

	if (object && !json_is_object(object) && !json_is_null(object))
		return field_wrong(name, "an object", object, e);
	json_object_foreach(object, key, item)
		list_add(ret, key);
	list_sort(ret);
	return 0;
}

int image_document_check_env(const struct list *env, struct error *e)
{
	size_t total = 0;

	for (size_t i = 0; i < env->count; i++)
		total += strlen(env->items[i]) + 1;
	if (total <= ENV_LIMIT)
		return 0;
	error_set(e, ERROR_IMAGE, "the environment has %zu bytes, more than %d", total, ENV_LIMIT);
	return error_at(e, "config.Env");
}
