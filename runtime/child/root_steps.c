/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root_steps.c - the container's root: overlay, pivot, read-only.
 *
 * The overlay is mounted by the child, as root of its own user namespace: the layers' content, hostile as it may be,
 * is then handled with no more power than the app's own ids have, and one path serves root and ordinary users on every
 * kernel since 5.11. Overlayfs takes layers only from mounts of the caller's mount namespace, so they are hung on a tmpfs
 * of the child's own first (the scaffold), which goes away with the old root at pivot.
 *
 *     scaffold/0 … n    layers, read-only, id-mapped
 *     scaffold/m        the lowest layer: a place for every mount, so that no image needs to have them, and none is written to
 *     scaffold/w        the folder with "upper" and "work"; none where the root is read-only
 *     scaffold/root     the overlay: the new root
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/sources.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* The tmpfs covers the host's /proc, which exists everywhere and which nothing on this side needs any more.
 * It is also the current folder: overlayfs reads relative paths, which need no escapes for ":" and ",". */
static int open_scaffold(struct child *c, struct error *e)
{
	static const struct mount_option options[] = {
		{ "mode", "0700" }, { "size", "16m" }, { "nr_inodes", "1024" }, { NULL, NULL }
	};
	autoclose int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (place < 0)
		return error_sys(e, "open /proc");
	c->scaffold = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	if (c->scaffold < 0 || mount_attach(c->scaffold, place, "/proc", e))
		return error_in(e, "make a place for the layers");
	return fchdir(c->scaffold) ? error_sys(e, "enter the place for the layers") : 0;
}

/* Hangs a detached mount on the new folder name of the scaffold. */
static int hang(struct child *c, int mount, const char *name, struct error *e)
{
	autoclose int target = -1;

	if (mkdirat(c->scaffold, name, 0700))
		return error_sys(e, "make a folder for layer %s", name);
	target = openat(c->scaffold, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return error_sys(e, "open the folder for layer %s", name);
	return mount_attach(mount, target, name, e);
}

static int take_layer(struct child *c, size_t index, struct error *e)
{
	const struct sources own = { .app_userns = -1, .shift_userns = -1 };

	return c->is_rootless ? source_layer(&own, &c->container->layers[index], e) : child_take_mount(c, e);
}

static int hang_layers(struct child *c, struct text *options, struct error *e)
{
	char name[24];

	for (size_t i = 0; i < c->container->layer_count; i++) {
		autoclose int layer = take_layer(c, i, e);

		if (layer < 0)
			return -1;
		(void)snprintf(name, sizeof name, "%zu", i); /* always fits */
		if (hang(c, layer, name, e))
			return -1;
	}
	/* Overlayfs wants the highest layer first. */
	text_add(options, "lowerdir=");
	for (size_t i = c->container->layer_count; i-- > 0;)
		text_addf(options, "%zu:", i);
	text_add(options, "m");
	return 0;
}

static int make_place(int places, const char *target, bool is_file, struct error *e)
{
	autoclose int place = is_file ? beneath_make_file(places, target, 0644, e) : beneath_make_folder(places, target, 0755, e);

	return place < 0 ? error_in(e, "make a place for %s", target) : 0;
}

/* A folder, or an empty file, for each mount and file. As the lowest layer it lends only what every layer above lacks. */
static int make_places(struct child *c, struct error *e)
{
	autoclose int places = -1;

	if (mkdirat(c->scaffold, "m", 0755))
		return error_sys(e, "make a place for the mount points");
	places = openat(c->scaffold, "m", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (places < 0)
		return error_sys(e, "open the place for the mount points");
	for (size_t i = 0; i < c->container->mount_count; i++)
		if (make_place(places, c->container->mounts[i].target, c->source_is_file[i], e))
			return -1;
	for (size_t i = 0; i < c->container->file_count; i++)
		if (make_place(places, c->container->files[i].target, /* is_file= */ true, e))
			return -1;
	for (size_t i = 0; i < c->file_count; i++)
		if (make_place(places, c->files[i].target, /* is_file= */ true, e))
			return -1;
	return make_place(places, c->container->working_dir, /* is_file= */ false, e);
}

static int hang_writable(struct child *c, struct text *options, struct error *e)
{
	autoclose int folder = c->is_rootless ? mount_clone(AT_FDCWD, c->writable, /* recursive= */ false, e) : child_take_mount(c, e);

	if (folder < 0)
		return error_in(e, "open the writable layer");
	text_add(options, ",upperdir=w/upper,workdir=w/work");
	return hang(c, folder, "w", e);
}

int step_root(struct child *c, struct error *e)
{
	autorelease(text) struct text options = { 0 };

	if (open_scaffold(c, e) || hang_layers(c, &options, e) || make_places(c, e))
		return -1;
	if (!c->container->read_only_root && hang_writable(c, &options, e))
		return -1;
	text_add(&options, ",userxattr");
	if (mkdirat(c->scaffold, "root", 0700))
		return error_sys(e, "make the folder of the root");
	if (mount("overlay", "root", "overlay", MS_NODEV, options.data)) {
		error_sys(e, "mount the root from %zu layers (%s)", c->container->layer_count, options.data);
		return error_hint(e, "dmesg | tail may say why overlayfs refused; box doctor tests it");
	}
	c->root = openat(c->scaffold, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? error_sys(e, "open the root") : 0;
}

int root_attach_top(struct child *c, int mount, const char *target, struct error *e)
{
	const char *name = target + 1;
	autoclose int folder = -1;

	if (strchr(name, '/'))
		return error_set(e, ERROR_INTERNAL, "mount on %s: it is not directly below the root", target);
	if (mkdirat(c->root, name, 0755) && errno != EEXIST)
		return error_sys(e, "make folder %s in the root", target);
	folder = openat(c->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 && (errno == ELOOP || errno == ENOTDIR))
		return error_set(e, ERROR_IMAGE, "mount on %s: the image has a link or a file there instead of a folder", target);
	if (folder < 0)
		return error_sys(e, "open %s in the root", target);
	return mount_attach(mount, folder, target, e);
}

/* pivot_root(".", ".") stacks the old root on the new one; the lazy unmount then takes it away, and every
 * mount of the host with it. */
int step_pivot(struct child *c, struct error *e)
{
	if (fchdir(c->root))
		return error_sys(e, "enter the root");
	if (mount_pivot())
		return error_sys(e, "make the root the root");
	if (umount2(".", MNT_DETACH))
		return error_sys(e, "leave the host's mounts");
	return chdir("/") ? error_sys(e, "enter the root") : 0;
}
