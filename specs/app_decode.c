/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_decode.c - one app from parsed JSON to a checked struct.
 *
 *     variables -> tables -> targets in one form -> env_file -> rules
 *
 * A stage begins only when nothing was wrong before it: it would tell the same problem again in other words.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/env_file.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/paths.h"
#include "specs/problems.h"

char *app_path(const struct app *app, const char *path)
{
	while (text_starts(path, "./") && path[2])
		path += 2;
	return path[0] == '/' ? alloc_copy(path) : text_format("%s/%s", app->folder, path);
}

/* The part of a reference that is a path: behind "oci:" and the like. */
static const char *reference_path(const char *reference)
{
	static const char *const transports[] = { "oci:", "oci-archive:", "docker-archive:", NULL };

	for (size_t i = 0; transports[i]; i++)
		if (text_starts(reference, transports[i]))
			return reference + strlen(transports[i]);
	return reference;
}

bool app_is_transport(const char *reference)
{
	return reference_path(reference) != reference;
}

void app_resolve_reference(struct app *app)
{
	const char *written = app->rootfs ? app->rootfs : app->image;
	/* A registry's image is no path. */
	const char *path = !written || (!app->rootfs && !app_is_transport(written)) ? NULL : reference_path(written);
	autofree char *absolute = path ? app_path(app, path) : NULL;

	free(app->reference);
	app->reference = path ? text_format("%.*s%s", (int)(path - written), written, absolute) : written ? alloc_copy(written) : NULL;
}

/* What belongs to the whole file, and a raw fragment of OCI's own config. */
static int check_opaque(struct app *app, json_t *object, struct problems *p)
{
	const struct place oci = { .key = "oci" };
	json_t *fragment = json_object_get(object, "oci");

	if (fragment && !json_is_object(fragment) && field_expected(p, &oci, "an object", fragment))
		return -1;
	app->oci = json_is_object(fragment) ? json_incref(fragment) : NULL;
	if (json_object_get(object, "depends_on")) {
		error_set(p->e, ERROR_SPEC, "an app depends on others only in a file with \"services\"");
		error_at(p->e, "depends_on");
		if (problems_add(p))
			return -1;
	}
	if (json_object_get(object, "profiles") && !app->is_service) {
		error_set(p->e, ERROR_SPEC, "an app is in profiles only in a file with \"services\"");
		error_at(p->e, "profiles");
		if (problems_add(p))
			return -1;
	}
	if (json_object_get(object, "overrides")) {
		error_set(p->e, ERROR_SPEC, "overrides stand at the top of the file, beside \"services\"");
		error_at(p->e, "overrides");
		if (problems_add(p))
			return -1;
	}
	return 0;
}

/* One form for each place in the container, so that later code can compare them; what is no place is left to the rules. And the type of
 * a volume that has none. */
static void complete_places(struct app *app)
{
	for (size_t i = 0; i < app->volume_count; i++) {
		struct volume *v = &app->volumes[i];

		(void)path_clean(v->target);
		if (v->type == VOLUME_UNSAID)
			v->type = !v->source || strchr("/.~", v->source[0]) ? VOLUME_BIND : VOLUME_NAMED;
	}
	for (size_t i = 0; i < app->secret_count; i++)
		if (app->secrets[i].target)
			(void)path_clean(app->secrets[i].target);
	if (app->working_dir)
		(void)path_clean(app->working_dir);
}

static int read_env_files(struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->env_file_count; i++) {
		const struct env_source *source = &app->env_file[i];
		autofree char *path = app_path(app, source->path);

		if (env_file_read(path, source->path, &app->env_files, p->e) == 0)
			continue;
		if (!source->is_required && p->e->sys == ENOENT) {
			error_clear(p->e);
			continue;
		}
		if (p->e->sys == ENOENT)
			error_hint(p->e, "{\"path\": \"%.80s\", \"required\": false} may be missing", source->path);
		error_at(p->e, "env_file[%zu]", i);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

int app_decode(struct app *app, json_t *object, struct problems *p)
{
	size_t before = p->count;
	const char *key;
	json_t *item;

	if (!json_is_object(object))
		return field_expected(p, NULL, "an object", object);
	if (interpolate_json(object, NULL, p) || p->count > before)
		return -1;
	json_object_foreach(object, key, item)
		list_add(&app->written, key);
	if (check_opaque(app, object, p) || field_decode_all(app_table, object, app, p) || p->count > before)
		return -1;
	complete_places(app);
	app_resolve_reference(app);
	if (read_env_files(app, p) || app_check_rules(app, p))
		return -1;
	return p->count > before ? -1 : 0;
}
