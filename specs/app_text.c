/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_text.c - an app's file as it is written, for what asks about the file rather than about what it means.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/field_json.h"

/* It was parsed before: only memory can be missing, and then nobody is left to hear of it. */
static json_t *parse(const struct app *app)
{
	struct error ignored = { 0 };
	json_t *root = field_parse(app->text.data, app->text.length, app->file, &ignored);

	return root ? root : json_object();
}

void app_canonical(const struct app *app, struct text *ret)
{
	json_t *root = parse(app);
	char *json;

	json_object_del(root, "$schema");
	json = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	text_add(ret, json ? json : "{}");
	free(json);
	json_decref(root);
}

void app_override_names(const struct app *app, struct list *ret)
{
	json_t *root = parse(app), *item;
	const char *key;

	json_object_foreach(json_object_get(root, "overrides"), key, item) list_add(ret, key);
	json_decref(root);
}

const char *app_source(const struct app *app)
{
	return app->rootfs ? app->rootfs : app->image;
}

const char *app_seccomp(const struct app *app)
{
	return app->security.seccomp;
}
