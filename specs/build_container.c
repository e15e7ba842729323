/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_container.c - a RUN step of a build as a container.
 */
#include "specs/build_container.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/app_parts.h"
#include "specs/build_plan.h"
#include "specs/container.h"

enum { PIDS = 32768 };
enum { HOUR = 3600, DAY = 24 * HOUR };
/* Another second, minute, hour, day, month and year; where other hosts are asked, whose certificates end, another day. */
enum { SHIFT_FAR = 400 * DAY + 3 * HOUR + 245, SHIFT_NEAR = DAY + 3 * HOUR + 245 };

static const char host_name[] = "build";

/* What box mounts for every app and a build's steps leave to each other. */
static void drop_memory(struct container *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->mount_count; i++) {
		if (c->mounts[i].kind == MOUNT_TMPFS)
			mount_entry_release(&c->mounts[i]);
		else
			c->mounts[kept++] = c->mounts[i];
	}
	c->mount_count = kept;
}

static struct mount_entry *add_mount(struct container *c, const struct build_mount *mount, enum mount_kind kind)
{
	struct mount_entry *entry = alloc_append(&c->mounts, &c->mount_count, sizeof *entry);

	*entry = (struct mount_entry){ .kind = kind, .target = alloc_copy(mount->target), .size = LIMIT_UNSET,
				       .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	return entry;
}

static void add_source(struct container *c, const struct build_mount *mount, const struct build_mount_source *source)
{
	struct mount_entry *entry = add_mount(c, mount, MOUNT_BIND);

	entry->source = alloc_copy(source->path);
	entry->has_descriptor = true;
	entry->descriptor = source->descriptor;
	entry->idmap = IDMAP_CONTAINER;
	if (mount->read_only || mount->kind == BUILD_MOUNT_SSH)
		entry->attributes |= MOUNT_ATTR_RDONLY;
}

static void add_secret(struct container *c, const struct build_mount *mount, const struct build_mount_source *source)
{
	if (mount->target) {
		struct file_entry *file = alloc_append(&c->files, &c->file_count, sizeof *file);

		*file = (struct file_entry){ .target = alloc_copy(mount->target), .data = alloc_copy_bytes(source->data, source->length),
					     .length = source->length, .uid = (uid_t)mount->uid, .gid = (gid_t)mount->gid,
					     .mode = (mode_t)mount->mode, .is_secret = true };
	}
	if (mount->environment)
		list_env_set(&c->secret_env, mount->environment, source->data);
}

static void add_step_mount(struct container *c, const struct build_mount *mount, const struct build_mount_source *source)
{
	struct mount_entry *entry;

	if (!source->is_there)
		return;
	switch (mount->kind) {
	case BUILD_MOUNT_TMPFS:
		entry = add_mount(c, mount, MOUNT_TMPFS);
		entry->mode = 01777;
		if (mount->size)
			entry->size = mount->size;
		return;
	case BUILD_MOUNT_SECRET:
		add_secret(c, mount, source);
		return;
	case BUILD_MOUNT_SSH:
		list_env_set(&c->env, "SSH_AUTH_SOCK", mount->target);
		add_source(c, mount, source);
		return;
	case BUILD_MOUNT_BIND:
	case BUILD_MOUNT_CACHE:
		add_source(c, mount, source);
		return;
	}
}

/* Heredocs. */
static void add_files(struct container *c, const struct build_step *step)
{
	for (size_t i = 0; i < step->file_count; i++) {
		const struct build_inline *from = &step->files[i];
		struct file_entry *file = alloc_append(&c->files, &c->file_count, sizeof *file);

		*file = (struct file_entry){ .target = alloc_copy(from->name), .data = alloc_copy_bytes(from->content, from->length),
					     .length = from->length, .mode = 0755, .is_program = true };
	}
}

static void set_environment(struct container *c, const struct build_container_wish *wish)
{
	const struct build_step *step = wish->step;

	list_copy(&c->env, &step->environment);
	for (size_t i = 0; i < step->hidden_environment.count; i++)
		(void)list_env_put(&c->env, step->hidden_environment.items[i]); /* the front end makes no other ones */
	if (!list_env_get(&c->env, "SOURCE_DATE_EPOCH")) {
		autofree char *epoch = text_format("%" PRId64, wish->epoch);

		list_env_set(&c->env, "SOURCE_DATE_EPOCH", epoch);
	}
}

/* Before the others: the first line that has a name counts. */
static void add_hosts(struct container *c, const struct list *hosts)
{
	for (size_t i = 0; hosts && hosts->count && i < c->file_count; i++) {
		struct text text = { 0 };

		if (strcmp(c->files[i].target, "/etc/hosts") != 0)
			continue;
		for (size_t n = 0; n < hosts->count; n++)
			text_addf(&text, "%s\n", hosts->items[n]);
		text_add_bytes(&text, c->files[i].data, c->files[i].length);
		free(c->files[i].data);
		c->files[i].length = text.length;
		c->files[i].data = text_take(&text);
	}
}

static int by_target(const void *a, const void *b)
{
	return strcmp(((const struct mount_entry *)a)->target, ((const struct mount_entry *)b)->target);
}

static void fit(struct container *c, const struct build_container_wish *wish)
{
	const struct build_step *step = wish->step;
	uint64_t held = c->capabilities.bounding | UINT64_C(1) << CAP_SETFCAP;
	size_t own;

	free(c->name);
	c->name = alloc_copy(wish->name);
	free(c->working_dir);
	c->working_dir = alloc_copy(step->working_dir);
	free(c->user);
	c->user = alloc_copy(step->user ? step->user : "");
	c->capabilities = (struct capability_sets){ .bounding = held, .effective = held, .permitted = held };
	c->no_new_privileges = false;
	c->world.reverses_names = wish->reverses_names;
	c->world.clock_shift = !wish->shifts_clock ? 0 : wish->has_network ? SHIFT_NEAR : SHIFT_FAR;
	if (c->limits.pids_is_default)
		c->limits.pids = wish->is_limited ? PIDS : LIMIT_UNSET;
	drop_memory(c);
	own = c->mount_count;
	set_environment(c, wish);
	add_hosts(c, wish->hosts);
	for (size_t i = 0; i < step->mount_count; i++)
		add_step_mount(c, &step->mounts[i], &wish->sources[i]);
	/* A path sorts before every path below it. */
	qsort(c->mounts + own, c->mount_count - own, sizeof *c->mounts, by_target);
	add_files(c, step);
}

int build_container(const struct build_container_wish *wish, struct container *ret, struct error *e)
{
	autorelease(list) struct list fields = { 0 };
	const char *called = wish->host_name ? wish->host_name : host_name;
	const struct app_options options = { .name = called, .command = &wish->step->argv, .fields = &fields };
	struct app *app;
	int result;

	list_add(&fields, wish->has_network ? "network=host" : "network=none");
	for (size_t i = 0; wish->fields && i < wish->fields->count; i++)
		list_add(&fields, wish->fields->items[i]);
	if (app_from_image(wish->image, called, &options, &app, e))
		return -1;
	result = app_container(app, NULL, &options, ret, e);
	app_free(app);
	if (result == 0)
		fit(ret, wish);
	return result;
}
