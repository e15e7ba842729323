/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_freeze.c - an app.json that needs nothing but itself: what an app in the background is started from, again and again.
 *
 * What the command line said on top of the file is in it, variables are replaced, the files of env_file are folded in, and paths are
 * absolute. What a path leads to stays where it is: a bind mount's folder, a secret's file, a seccomp profile.
 */
#include <jansson.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/container.h"
#include "specs/field_json.h"
#include "specs/interpolate.h"

static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, field_text(value));
}

static json_t *text_list(const struct list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, field_text(list->items[i]));
	return array;
}

/* What the file and the command line say; the image's own stays its own. */
static json_t *environment(const struct app *app, const struct app_options *options, const struct container *c)
{
	json_t *object = json_object();
	const struct list *const said[] = { &app->env_files, &app->environment, options->env };

	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		for (size_t k = 0; said[i] && k < said[i]->count; k++) {
			autofree char *key = text_format("%.*s", (int)strcspn(said[i]->items[k], "="), said[i]->items[k]);
			const char *value = list_env_get(&c->env, key);

			if (value)
				set_text(object, key, value);
		}
	return object;
}

static const struct mount_entry *mount_of(const struct container *c, const char *field)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (text_equal(c->mounts[i].field, field))
			return &c->mounts[i];
	return NULL;
}

/* Those of the file with absolute sources, and those of -v behind them. */
static void freeze_volumes(const struct app *app, const struct container *c, json_t *root)
{
	json_t *array = json_object_get(root, "volumes");

	if (!array) {
		array = json_array();
		json_object_set_new(root, "volumes", array);
	}
	for (size_t i = 0; i < app->volume_count; i++) {
		autofree char *field = text_format("volumes[%zu]", i);
		const struct mount_entry *mount = mount_of(c, field);

		if (mount && mount->kind == MOUNT_BIND)
			set_text(json_array_get(array, i), "source", mount->source);
	}
	for (size_t i = 0; i < c->mount_count; i++) {
		const struct mount_entry *mount = &c->mounts[i];
		json_t *volume;

		if (mount->field || mount->is_image_volume || (mount->kind != MOUNT_BIND && mount->kind != MOUNT_VOLUME))
			continue;
		volume = json_object();
		set_text(volume, "type", mount->kind == MOUNT_BIND ? "bind" : "volume");
		set_text(volume, "source", mount->source);
		set_text(volume, "target", mount->target);
		json_object_set_new(volume, "read_only", json_boolean(mount->attributes & MOUNT_ATTR_RDONLY));
		json_array_append_new(array, volume);
	}
}

/* Where each secret comes from; never what it holds. A program's name is looked up in PATH at each start. */
static void freeze_secret(const struct app *app, const struct secret_source *from, json_t *source)
{
	autofree char *file = from->file ? app_path(app, from->file) : NULL;
	autofree char *credential = from->systemd_creds && strchr(from->systemd_creds, '/') ? app_path(app, from->systemd_creds) : NULL;
	autofree char *program = from->command.count && strchr(from->command.items[0], '/') ? app_path(app, from->command.items[0]) : NULL;

	if (file)
		set_text(source, "file", file);
	if (credential)
		set_text(source, "systemd_creds", credential);
	if (program)
		json_array_set_new(json_object_get(source, "command"), 0, field_text(program));
}

int app_check_background(const struct app *app, struct error *e)
{
	for (size_t i = 0; i < app->secret_count; i++) {
		if (!app->secrets[i].source.environment)
			continue;
		error_set(e, ERROR_SPEC, "an app in the background is started again when its caller, and their variable, are gone");
		error_hint(e, "a file, a command or a credential of systemd can be read again");
		return error_at(e, "secrets[%zu].source.environment", i);
	}
	return 0;
}

static void freeze_paths(const struct app *app, const struct container *c, json_t *root)
{
	json_t *secrets = json_object_get(root, "secrets");

	/* What was built is known by its digest. */
	json_object_del(root, "build");
	set_text(root, app->rootfs ? "rootfs" : "image", app->reference ? app->reference : c->image);
	for (size_t i = 0; i < app->secret_count; i++)
		freeze_secret(app, &app->secrets[i].source, json_object_get(json_array_get(secrets, i), "source"));
	if (c->seccomp_file)
		set_text(json_object_get(root, "security"), "seccomp", c->seccomp_file);
}

int app_freeze(const struct app *app, const struct app_options *options, const struct container *c, struct text *ret, struct error *e)
{
	json_t *root;

	if (app_check_background(app, e))
		return -1;
	root = app_build(app);
	set_text(root, "name", c->name);
	/* What is no property of one instance. */
	json_object_del(root, "replicas");
	json_object_del(root, "profiles");
	json_object_del(root, "env_file");
	json_object_set_new(root, "environment", environment(app, options, c));
	if (options->command && options->command->count)
		json_object_set_new(root, "command", text_list(options->command));
	freeze_volumes(app, c, root);
	freeze_paths(app, c, root);
	interpolate_escape(root);
	field_print(root, ret);
	json_decref(root);
	return 0;
}

/* What an instance is made from, without what differs from one to the next, or says how it is replaced; and without the words for its image
 * where the image is known. */
static json_t *parse_essence(const struct text *frozen, bool has_image, struct error *e)
{
	static const char *const others[] = { "name", "update", "replicas", "profiles" };
	json_t *root = field_parse(frozen->data, frozen->length, "app.json", e);

	for (size_t i = 0; root && i < sizeof others / sizeof *others; i++)
		json_object_del(root, others[i]);
	if (root && has_image) {
		json_object_del(root, "image");
		json_object_del(root, "rootfs");
	}
	return root;
}

int app_frozen_digest(const struct text *frozen, const char *image, char ret[static SHA256_TEXT], struct error *e)
{
	json_t *root = parse_essence(frozen, image != NULL, e);
	autofree char *json = root ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	autofree char *whole = json ? text_format("%s %s", json, image ? image : "") : NULL;

	json_decref(root);
	if (!whole)
		return root ? error_set(e, ERROR_INTERNAL, "print a frozen spec") : -1;
	sha256_bytes(whole, strlen(whole), ret);
	return 0;
}

static void add_key(const char *key, struct text *ret)
{
	text_addf(ret, "%s%s", ret->length ? ", " : "", key);
}

int app_frozen_differences(const struct text *before, const struct text *after, struct text *ret, struct error *e)
{
	json_t *old = parse_essence(before, /* has_image= */ true, e), *new = old ? parse_essence(after, /* has_image= */ true, e) : NULL;
	const char *key;
	json_t *value;

	json_object_foreach(new, key, value)
		if (!json_equal(value, json_object_get(old, key)))
			add_key(key, ret);
	json_object_foreach(old, key, value)
		if (new && !json_object_get(new, key))
			add_key(key, ret);
	json_decref(old);
	json_decref(new);
	return new ? 0 : -1;
}

int app_frozen_rename(const char *json, size_t length, const char *name, struct text *ret, struct error *e)
{
	json_t *root = field_parse(json, length, "app.json", e);

	if (!root)
		return -1;
	set_text(root, "name", name);
	field_print(root, ret);
	json_decref(root);
	return 0;
}
