/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_mounts.c - mounts and masks of the container that an app.json describes.
 */
#include "specs/app_mounts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_fields.h"
#include "specs/app_parts.h"
#include "specs/container.h"
#include "specs/field_json.h"
#include "specs/app_tables.h"
#include "specs/image_config.h"
#include "specs/paths.h"
#include "specs/shorthand.h"

static const uint64_t plain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/* What tells about the host, or steers it. The list of files follows Docker's, which grew by advisories. */
static const char *const masked_paths[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
};
static const char *const read_only_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

static struct mount_entry *add(struct container *c, enum mount_kind kind, const char *target)
{
	struct mount_entry *mount = alloc_append(&c->mounts, &c->mount_count, sizeof *mount);

	*mount = (struct mount_entry){ .kind = kind, .target = alloc_copy(target), .size = LIMIT_UNSET, .attributes = plain };
	return mount;
}

static bool has_target(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].target, target) == 0)
			return true;
	return false;
}

static void add_memory(struct container *c, const char *target, mode_t mode)
{
	struct mount_entry *mount;

	if (has_target(c, target))
		return; /* the user's own mount stands there */
	mount = add(c, MOUNT_TMPFS, target);
	mount->mode = mode;
	mount->copy_up = true;
}

static void add_volume(const struct app *app, const struct volume *v, char *field, struct container *c)
{
	struct mount_entry *mount = add(c, v->type == VOLUME_BIND ? MOUNT_BIND : v->type == VOLUME_NAMED ? MOUNT_VOLUME : MOUNT_TMPFS,
					v->target);

	mount->field = field;
	if (v->read_only)
		mount->attributes |= MOUNT_ATTR_RDONLY;
	if (v->type == VOLUME_BIND && v->source[0] == '~' && getenv("HOME"))
		mount->source = text_format("%s%s", getenv("HOME"), v->source + 1);
	else if (v->type == VOLUME_BIND)
		mount->source = app_path(app, v->source);
	else
		mount->source = alloc_copy(v->source);
	mount->idmap = (enum mount_idmap)v->idmap;
	mount->mode = 01777;
	mount->copy_up = v->type == VOLUME_NAMED;
	mount->is_shared = v->shared;
}

static int add_spec_mounts(const struct app *app, struct container *c, struct error *e)
{
	for (size_t i = 0; i < app->volume_count; i++)
		add_volume(app, &app->volumes[i], text_format("volumes[%zu]", i), c);
	for (size_t i = 0; i < app->tmpfs.count; i++) {
		struct mount_entry parsed = { 0 }, *mount;

		if (app_parse_tmpfs(app->tmpfs.items[i], &parsed, e)) {
			mount_entry_release(&parsed);
			return error_at(e, "tmpfs[%zu]", i);
		}
		mount = alloc_append(&c->mounts, &c->mount_count, sizeof *mount);
		*mount = parsed;
		mount->field = text_format("tmpfs[%zu]", i);
	}
	return 0;
}

/* The volume that the text of one -v stands for. A relative source begins at the caller's folder, not at the file's. */
static int parse_option(const char *text, struct volume *ret, struct error *e)
{
	json_t *json = shorthand_volume(text, e);
	char *real;
	int result = json ? field_decode(volume_fields, json, ret, e) : -1;

	json_decref(json);
	if (result)
		return -1;
	(void)path_clean(ret->target); /* what is wrong with it is told next */
	if (app_check_volume(ret, e))
		return -1;
	if (ret->type != VOLUME_BIND || ret->source[0] == '~')
		return 0;
	real = realpath(ret->source, NULL);
	if (!real)
		return error_sys(e, "find %s", ret->source);
	free(ret->source);
	ret->source = real;
	return 0;
}

/* -v SOURCE:TARGET[:ro] */
static int add_option_mounts(const struct app *app, const struct app_options *options, struct container *c, struct error *e)
{
	for (size_t i = 0; options && options->volumes && i < options->volumes->count; i++) {
		const char *text = options->volumes->items[i];
		struct volume volume = { 0 };
		int result = parse_option(text, &volume, e);

		if (result)
			e->field[0] = '\0'; /* it is the option's, not the file's */
		else if (has_target(c, volume.target))
			result = error_set(e, ERROR_USAGE, "something is mounted on %s already", volume.target);
		else
			add_volume(app, &volume, NULL, c);
		field_release(volume_fields, &volume);
		if (result)
			return error_in(e, "option -v %.200s", text);
	}
	return 0;
}

/* FNV-1a: tells names apart, guards nothing. */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261U;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619U;
	return value;
}

/* "web_var_lib_data" for /var/lib/data of app web; with a hash of the path where the name alone would be too long, or another
 * path's too. */
static char *image_volume_name(const char *app, const char *target, const struct container *c)
{
	enum { APP_MOST = 60, NAME_MOST = 118 };
	char *name = text_format("%.*s%s", APP_MOST, app, target);
	bool is_ambiguous = strlen(name) > NAME_MOST;

	for (char *at = name; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *at)) {
			is_ambiguous |= *at != '/';
			*at = '_';
		}
	for (size_t i = 0; i < c->mount_count; i++)
		is_ambiguous |= c->mounts[i].kind == MOUNT_VOLUME && strcmp(c->mounts[i].source, name) == 0;
	if (is_ambiguous) {
		char *longer = text_format("%.*s-%08x", NAME_MOST, name, hash(target));

		free(name);
		name = longer;
	}
	return name;
}

/* An image's VOLUME that nothing covers becomes a volume named after the app and the path. What the image says is hostile: a place with
 * "..", or one that is box's own ("/proc", however it is written), gets no volume, and there is a bound on their number. */
static int add_image_volumes(const char *app, const struct image_config *image, struct container *c, struct error *e)
{
	enum { VOLUMES_MOST = 64 };

	if (image && image->volumes.count > VOLUMES_MOST)
		return error_set(e, ERROR_IMAGE, "the image asks for %zu volumes, more than %d", image->volumes.count, VOLUMES_MOST);
	for (size_t i = 0; image && i < image->volumes.count; i++) {
		autofree char *target = text_format("/%s", image->volumes.items[i]); /* "data" is "/data", as in WorkingDir */
		struct mount_entry *mount;
		char *name;

		if (!path_clean(target) || path_is_own(target) || has_target(c, target))
			continue;
		name = image_volume_name(app, target, c);
		mount = add(c, MOUNT_VOLUME, target);
		mount->source = name;
		mount->copy_up = true;
		mount->is_image_volume = true;
	}
	return 0;
}

static int by_target(const void *a, const void *b)
{
	return strcmp(((const struct mount_entry *)a)->target, ((const struct mount_entry *)b)->target);
}

static void add_own_mounts(const struct app *app, struct container *c)
{
	struct mount_entry *dev;

	(void)add(c, MOUNT_PROC, "/proc");
	dev = add(c, MOUNT_DEV, "/dev");
	dev->size = app->shm_size;
	(void)add(c, MOUNT_SYSFS, "/sys");
	(void)add(c, MOUNT_CGROUP, "/sys/fs/cgroup");
}

int app_mounts(const struct app *app, const struct image_config *image, const struct app_options *options, struct container *c,
	       struct error *e)
{
	size_t own;

	add_own_mounts(app, c);
	own = c->mount_count;
	if (add_spec_mounts(app, c, e) || add_option_mounts(app, options, c, e) ||
	    add_image_volumes(options && options->volumes_of ? options->volumes_of : app->name, image, c, e))
		return -1;
	add_memory(c, "/run", 0755);
	add_memory(c, "/tmp", 01777);
	/* A path sorts before every path below it. */
	qsort(c->mounts + own, c->mount_count - own, sizeof *c->mounts, by_target);
	for (size_t i = 0; i < sizeof masked_paths / sizeof *masked_paths; i++)
		list_add(&c->masked_paths, masked_paths[i]);
	for (size_t i = 0; i < sizeof read_only_paths / sizeof *read_only_paths; i++)
		list_add(&c->read_only_paths, read_only_paths[i]);
	return 0;
}
