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
#include "specs/image_config.h"
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

/* -v SOURCE:TARGET[:ro]: relative to the caller's folder, and instead of what the spec mounts at the same place. */
static int add_option_mounts(const struct app *app, const struct app_options *options, struct container *c, struct error *e)
{
	for (size_t i = 0; options && options->volumes && i < options->volumes->count; i++) {
		json_t *json = shorthand_volume(options->volumes->items[i], e);
		struct volume volume = { 0 };
		char *real;

		if (!json)
			return error_in(e, "option -v");
		volume.type = strcmp(json_string_value(json_object_get(json, "type")), "bind") == 0 ? VOLUME_BIND : VOLUME_NAMED;
		volume.source = (char *)json_string_value(json_object_get(json, "source"));
		volume.target = (char *)json_string_value(json_object_get(json, "target"));
		volume.read_only = json_is_true(json_object_get(json, "read_only"));
		real = volume.type == VOLUME_BIND && volume.source[0] != '~' ? realpath(volume.source, NULL) : NULL;
		if (real)
			volume.source = real;
		if (has_target(c, volume.target))
			error_set(e, ERROR_USAGE, "option -v %s: the spec mounts something on %s already", options->volumes->items[i],
				  volume.target);
		else
			add_volume(app, &volume, NULL, c);
		free(real);
		json_decref(json);
		if (e->kind != ERROR_NONE)
			return -1;
	}
	return 0;
}

/* An image's VOLUME that nothing covers becomes a volume named after the app and the path. Its targets are hostile input. */
static void add_image_volumes(const struct image_config *image, struct container *c)
{
	for (size_t i = 0; image && i < image->volumes.count; i++) {
		const char *target = image->volumes.items[i];
		struct mount_entry *mount;

		if (target[0] != '/' || !target[1] || strstr(target, "..") || strstr(target, "//") || text_starts(target, "/proc") ||
		    text_starts(target, "/sys") || text_starts(target, "/dev") || strlen(target) > 100 || has_target(c, target))
			continue;
		mount = add(c, MOUNT_VOLUME, target);
		mount->source = text_format("%s%s", c->name, target);
		for (char *at = mount->source; *at; at++)
			if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *at))
				*at = '_';
		mount->copy_up = true;
	}
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
	if (add_spec_mounts(app, c, e) || add_option_mounts(app, options, c, e))
		return -1;
	add_image_volumes(image, c);
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
