/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.c - app.json from text to a checked struct.
 *
 *     text -> comments blanked -> JSON -> override merged (RFC 7386) -> variables -> short forms -> struct -> checks
 */
#include "specs/app.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/env_file.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"
#include "specs/locate.h"
#include "specs/relax.h"
#include "specs/shorthand.h"

enum { FILE_LIMIT = 1 << 20 };

/* RFC 7386: objects are merged, null removes, everything else replaces. */
static void merge_patch(json_t *target, json_t *patch)
{
	const char *key;
	json_t *item;

	json_object_foreach(patch, key, item) {
		json_t *old = json_object_get(target, key);

		if (json_is_null(item)) {
			json_object_del(target, key);
		} else if (json_is_object(item)) {
			if (!json_is_object(old)) {
				old = json_object();
				json_object_set_new(target, key, old);
			}
			merge_patch(old, item);
		} else {
			json_object_set(target, key, item);
		}
	}
}

static int unknown_override(json_t *overrides, const char *name, struct error *e)
{
	struct text known = { 0 };
	const char *key;
	json_t *item;

	json_object_foreach(overrides, key, item)
		text_addf(&known, "%s%s", known.length ? ", " : "", key);
	error_set(e, ERROR_SPEC, "there is no override \"%s\"; known: %s", name, known.length ? known.data : "none");
	text_release(&known);
	return error_at(e, "overrides");
}

static int apply_override(json_t *root, const char *name, struct error *e)
{
	json_t *overrides = json_object_get(root, "overrides"), *item;
	const char *key;

	if (overrides && !json_is_object(overrides))
		return field_wrong("overrides", "an object", overrides, e);
	json_object_foreach(overrides, key, item)
		if (!json_is_object(item)) {
			field_wrong(key, "an object", item, e);
			return error_at(e, "overrides");
		}
	if (name && !json_object_get(overrides, name))
		return unknown_override(overrides, name, e);
	if (name) {
		json_t *patch = json_incref(json_object_get(overrides, name));

		merge_patch(root, patch);
		json_decref(patch);
	}
	json_object_del(root, "overrides");
	return 0;
}

static int read_source(const char *path, struct app *app, struct error *e)
{
	autofree char *real = NULL;
	char *slash;

	if (strcmp(path, "-") == 0) {
		app->file = alloc_copy("standard input");
		real = getcwd(NULL, 0);
		app->folder = alloc_copy(real ? real : "/");
		return file_read_fd(STDIN_FILENO, "standard input", FILE_LIMIT, &app->text, e);
	}
	app->file = alloc_copy(path);
	if (file_read(AT_FDCWD, path, FILE_LIMIT, &app->text, e))
		return -1;
	real = realpath(path, NULL);
	if (!real)
		return error_sys(e, "find the folder of %s", path);
	slash = strrchr(real, '/');
	*(slash == real ? slash + 1 : slash) = '\0';
	app->folder = alloc_copy(real);
	return 0;
}

/* What several apps in one file would look like. */
static int refuse_services(json_t *root, struct error *e)
{
	if (!json_object_get(root, "services"))
		return 0;
	error_set(e, ERROR_UNSUPPORTED, "several services in one file are not supported yet");
	error_hint(e, "write one file per app");
	return error_at(e, "services");
}

/* A raw runtime-spec fragment is merged by the OCI decoder, which comes with OCI mode. */
static int refuse_oci(json_t *root, struct error *e)
{
	json_t *oci = json_object_get(root, "oci");

	if (oci && !json_is_object(oci))
		return field_wrong("oci", "an object", oci, e);
	if (json_object_size(oci)) {
		error_set(e, ERROR_UNSUPPORTED, "a runtime-spec fragment is not supported yet");
		return error_at(e, "oci");
	}
	json_object_del(root, "oci");
	return 0;
}

static int read_env_files(struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->env_file.count; i++) {
		autofree char *path = app_path(app, app->env_file.items[i]);

		if (env_file_read(path, app->env_file.items[i], &app->env_files, e)) {
			error_at(e, "[%zu]", i);
			return error_at(e, "env_file");
		}
	}
	return 0;
}

/* Words that stand for "nobody wrote it": what box config shows is then the whole truth. */
static void fill_defaults(struct app *app)
{
	if (!app->network_mode)
		app->network_mode = alloc_copy("none");
	if (!app->restart)
		app->restart = alloc_copy("no");
	if (!app->security.seccomp)
		app->security.seccomp = alloc_copy("default");
}

static int decode(struct app *app, json_t *root, const struct app_options *options, struct error *e)
{
	const char *key;
	json_t *item;

	if (!json_is_object(root))
		return field_wrong(NULL, "an object", root, e);
	json_object_del(root, "$schema"); /* for editors */
	app->override = alloc_copy(options ? options->override : NULL);
	if (apply_override(root, app->override, e) || refuse_services(root, e) || refuse_oci(root, e))
		return -1;
	if (interpolate_json(root, e) || shorthand_expand(root, e))
		return -1;
	json_object_foreach(root, key, item)
		list_add(&app->written, key);
	if (field_decode(app_table, root, app, e))
		return -1;
	app_resolve_reference(app);
	fill_defaults(app);
	return read_env_files(app, e);
}

char *app_path(const struct app *app, const char *path)
{
	while (text_starts(path, "./") && path[2])
		path += 2;
	return path[0] == '/' ? alloc_copy(path) : text_format("%s/%s", app->folder, path);
}

int app_error_line(const struct app *app, const char *field)
{
	int line = 0;

	if (!*field)
		return 0;
	if (app->override) {
		autofree char *path = text_format("overrides.%s.%s", app->override, field);

		line = locate_exact(app->text.data, app->text.length, path);
	}
	return line ? line : locate_line(app->text.data, app->text.length, field);
}

/* Turns "field: text" into "file:line: field: text". */
static int with_line(const struct app *app, struct error *e)
{
	char field[sizeof e->field];
	int line;

	memcpy(field, e->field, sizeof field);
	line = app->text.data ? app_error_line(app, field) : 0;
	if (!field[0])
		return text_starts(e->text, app->file) ? -1 : error_in(e, "%s", app->file);
	e->field[0] = '\0';
	error_in(e, "%s", field);
	return line ? error_in(e, "%s:%d", app->file, line) : error_in(e, "%s", app->file);
}

static int read_app(const char *path, const struct app_options *options, struct app *app, struct error *e)
{
	json_t *root;
	int result;

	if (read_source(path, app, e))
		return -1;
	if (!app->text.data)
		text_add(&app->text, "");
	if (relax(app->text.data, app->text.length, app->file, e))
		return -1;
	root = field_parse(app->text.data, app->text.length, app->file, e);
	if (!root)
		return -1;
	result = decode(app, root, options, e);
	json_decref(root);
	return result ? with_line(app, e) : 0;
}

int app_load(const char *path, const struct app_options *options, struct app **ret, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);

	app_init(app);
	if (read_app(path, options, app, e) || (app_check_first(app, e) && with_line(app, e))) {
		app_free(app);
		return -1;
	}
	*ret = app;
	return 0;
}

static void add_problem(const struct app *app, struct list *problems, struct error *e)
{
	with_line(app, e);
	list_addf(problems, "%s%s%s", e->text, e->hint[0] ? "\n  hint: " : "", e->hint);
}

int app_check(const char *path, const struct app_options *options, struct list *problems, struct error *e)
{
	struct app *app = alloc_zeroed(1, sizeof *app);

	app_init(app);
	if (read_app(path, options, app, e))
		list_addf(problems, "%s%s%s", e->text, e->hint[0] ? "\n  hint: " : "", e->hint);
	else
		app_check_all(app, add_problem, problems);
	app_free(app);
	return problems->count ? -1 : 0;
}

void app_free(struct app *app)
{
	if (!app)
		return;
	field_release(app_table, app);
	list_release(&app->env_files);
	list_release(&app->written);
	text_release(&app->text);
	free(app->file);
	free(app->folder);
	free(app->override);
	free(app->reference);
	free(app);
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

const char *app_image(const struct app *app, const char **ret_field)
{
	*ret_field = app->rootfs ? "rootfs" : "image";
	return app->reference;
}

void app_resolve_reference(struct app *app)
{
	const char *written = app->rootfs ? app->rootfs : app->image;
	const char *path = written ? reference_path(written) : NULL;
	autofree char *absolute = path ? app_path(app, path) : NULL;

	free(app->reference);
	app->reference = path ? text_format("%.*s%s", (int)(path - written), written, absolute) : NULL;
}

void app_dump(const struct app *app, struct text *ret)
{
	/* Objects that nobody wrote, and lists that come with later versions, would only be noise. */
	static const char *const quiet[] = { "build", "healthcheck", "logging", "update", "networks", "ports" };
	json_t *root = field_build(app_table, app);

	for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
		if (!app_has(app, quiet[i]))
			json_object_del(root, quiet[i]);
	field_print(root, ret);
	json_decref(root);
}
