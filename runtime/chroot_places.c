/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_places.c - a container's mounts and files in a root where nobody may mount.
 *
 * Each lies at a name in a folder that was opened below the root (base/beneath.h) and stays open: whatever the step does to the path, it is
 * taken out of that folder again.
 */
#include "runtime/chroot_places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/own_name.h"
#include "base/text.h"
#include "runtime/child/chroot_devices.h"
#include "specs/container.h"

struct place {
	int folder;        /* that it lies in */
	char name[256];
	bool is_there, has_old;
	struct stat above; /* folder, as it was */
	char *source;      /* the path that it came from, and goes back to; NULL: it is removed */
	struct stat moved; /* with source */
};

struct chroot_places {
	int root, aside;
	struct place *items; /* folders that were made come before what is in them */
	size_t count;
	struct own_name *names;
};

static struct place *add_place(struct chroot_places *places)
{
	struct place *place = alloc_append(&places->items, &places->count, sizeof *place);

	*place = (struct place){ .folder = -1 };
	return place;
}

/* Folders that lead to target, as far as they are missing. */
static int make_above(struct chroot_places *places, const char *target, struct error *e)
{
	for (const char *slash = strchr(target + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		autofree char *path = alloc_copy_bytes(target, (size_t)(slash - target));
		autoclose int there = beneath_try(places->root, path, O_PATH | O_DIRECTORY, 0);
		struct place *place;

		if (there >= 0)
			continue;
		place = add_place(places);
		place->folder = beneath_parent(places->root, path, place->name, e);
		if (place->folder < 0 || fstat(place->folder, &place->above))
			return place->folder < 0 ? -1 : error_sys(e, "look at the folder above %s", path);
		if (mkdirat(place->folder, place->name, 0755))
			return error_sys(e, "make the folder %s", path);
		place->is_there = true;
	}
	return 0;
}

static void name_aside(size_t number, char ret[static 32])
{
	(void)snprintf(ret, 32, "old-%zu", number); /* always fits */
}

/* An empty place for target. */
static struct place *make_room(struct chroot_places *places, const char *target, struct error *e)
{
	struct place *place;
	char aside[32];

	if (make_above(places, target, e))
		return NULL;
	place = add_place(places);
	place->folder = beneath_parent(places->root, target, place->name, e);
	if (place->folder < 0)
		return NULL;
	if (fstat(place->folder, &place->above)) {
		error_sys(e, "look at the folder above %s", target);
		return NULL;
	}
	name_aside(places->count, aside);
	place->has_old = renameat(place->folder, place->name, places->aside, aside) == 0;
	if (!place->has_old && errno != ENOENT) {
		error_sys(e, "put %s aside", target);
		return NULL;
	}
	place->is_there = true;
	return place;
}

static int put_file(struct chroot_places *places, const struct file_entry *file, struct error *e)
{
	struct place *place;
	autoclose int fd = -1;

	if (file->is_optional) {
		autofree char *above = alloc_copy_bytes(file->target, (size_t)(strrchr(file->target, '/') - file->target));
		autoclose int folder = beneath_try(places->root, *above ? above : "/", O_PATH | O_DIRECTORY, 0);

		if (folder < 0)
			return 0;
	}
	place = make_room(places, file->target, e);
	if (!place)
		return -1;
	fd = openat(place->folder, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, file->data, file->length) || fchown(fd, file->uid, file->gid) || fchmod(fd, file->mode))
		return error_sys(e, "write %s", file->target);
	return 0;
}

static int put_folder(struct chroot_places *places, const struct mount_entry *entry, mode_t mode, struct error *e)
{
	struct place *place = make_room(places, entry->target, e);
	autoclose int folder = -1;

	if (!place)
		return -1;
	if (mkdirat(place->folder, place->name, 0700))
		return error_sys(e, "make the folder %s", entry->target);
	folder = openat(place->folder, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || fchmod(folder, mode))
		return error_sys(e, "make the folder %s", entry->target);
	return entry->kind == MOUNT_DEV ? chroot_devices_make(folder, e) : 0;
}

/* The caller has made it in the store, and nobody else uses it. */
static int put_source(struct chroot_places *places, const struct mount_entry *entry, struct error *e)
{
	struct place *place;
	struct stat st;

	if (!entry->has_descriptor || fstat(entry->descriptor, &st))
		return error_set(e, ERROR_UNSUPPORTED, "show %s in a chroot: that takes a mount", entry->source);
	place = make_room(places, entry->target, e);
	if (!place)
		return -1;
	place->moved = st;
	if (renameat(AT_FDCWD, entry->source, place->folder, place->name))
		return error_sys(e, "put %s at %s", entry->source, entry->target);
	place->source = alloc_copy(entry->source);
	return 0;
}

static int put_mount(struct chroot_places *places, const struct mount_entry *entry, struct error *e)
{
	switch (entry->kind) {
	case MOUNT_TMPFS: return put_folder(places, entry, entry->mode, e);
	case MOUNT_PROC:
	case MOUNT_SYSFS:
	case MOUNT_DEV: return put_folder(places, entry, 0755, e);
	case MOUNT_CGROUP: return 0; /* below /sys */
	case MOUNT_BIND: return put_source(places, entry, e);
	case MOUNT_VOLUME:
	case MOUNT_FILESYSTEM: break;
	}
	return error_set(e, ERROR_INTERNAL, "%s is no mount of a build", entry->target);
}

int chroot_places_make(const struct container *container, int root, int aside, struct chroot_places **ret, struct error *e)
{
	struct chroot_places *places = alloc_zeroed(1, sizeof *places);

	*places = (struct chroot_places){ .root = root, .aside = aside };
	*ret = places;
	for (size_t i = 0; i < container->mount_count; i++)
		if (put_mount(places, &container->mounts[i], e))
			return error_in(e, "mount on %s", container->mounts[i].target);
	for (size_t i = 0; i < container->file_count; i++)
		if (put_file(places, &container->files[i], e))
			return error_in(e, "add %s", container->files[i].target);
	return 0;
}

const struct own_name *chroot_places_names(struct chroot_places *places, size_t *ret_count)
{
	free(places->names);
	places->names = alloc_zeroed(places->count + 1, sizeof *places->names);
	for (size_t i = 0; i < places->count; i++)
		places->names[i] = (struct own_name){ places->items[i].above.st_dev, places->items[i].above.st_ino, places->items[i].name };
	*ret_count = places->count;
	return places->names;
}

/* Back to where it came from, if it is still the same. */
static void give_back(const struct place *place)
{
	struct stat st;

	if (fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != place->moved.st_dev ||
	    st.st_ino != place->moved.st_ino || renameat2(place->folder, place->name, AT_FDCWD, place->source, RENAME_NOREPLACE))
		log_warning("the step moved or removed what was mounted on %s: it is not kept, continuing", place->name);
}

static int take_out(const struct chroot_places *places, size_t number, struct error *e)
{
	const struct place *place = &places->items[number];
	const struct timespec times[2] = { place->above.st_atim, place->above.st_mtim };
	char aside[32];

	if (place->source)
		give_back(place);
	if (place->is_there && folder_remove(place->folder, place->name, e))
		return -1;
	name_aside(number + 1, aside);
	/* Its folder may be gone, and then it goes with it. */
	if (place->has_old && renameat(places->aside, aside, place->folder, place->name) && folder_remove(places->aside, aside, e))
		return -1;
	(void)utimensat(place->folder, ".", times, 0); /* the layer has it right all the same */
	return 0;
}

int chroot_places_undo(struct chroot_places *places, struct error *e)
{
	int result = 0;

	if (!places)
		return 0;
	for (size_t i = places->count; i-- > 0;) {
		struct error later = { 0 };

		if (places->items[i].folder >= 0 && take_out(places, i, &later) && result == 0) {
			result = -1;
			*e = later;
		}
		if (places->items[i].folder >= 0)
			close(places->items[i].folder);
		free(places->items[i].source);
	}
	free(places->items);
	free(places->names);
	free(places);
	return result;
}
