/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.c - what an app wrote, and the next generation does not have: beside its volumes, and in volumes that it has no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/dropped.h"
#include "cli/up/up.h"
#include "runtime/storage/app_volumes.h"
#include "runtime/storage/writable.h"
#include "specs/container.h"

enum { SHOWN = 20, DEEPEST = 32, LOOKED_AT = 10000 };

struct walk {
	struct text names;
	size_t count, looked_at;
};

/* Where the layer hides a file of the image. */
static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static void note(struct walk *walk, const char *path, const struct stat *st)
{
	static const char *const own[] = { "/etc/hosts", "/etc/resolv.conf", "/etc/hostname" };

	/* Made by box, for its own files to be mounted on. */
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (!st->st_size && strcmp(path, own[i]) == 0)
			return;
	if (walk->count++ >= SHOWN)
		return;
	text_addf(&walk->names, "%s%s%s", walk->names.length ? ", " : "", path, is_whiteout(st) ? " (removed)" : "");
}

/* Folders are of interest for what is in them. */
static void look(int folder, const char *path, int depth, struct walk *walk)
{
	autorelease(list) struct list names = { 0 };

	if (depth > DEEPEST || folder_names(folder, &names))
		return;
	for (size_t i = 0; i < names.count && walk->looked_at++ < LOOKED_AT; i++) {
		autofree char *here = text_format("%s/%s", path, names.items[i]);
		autoclose int below = -1;
		struct stat st;

		if (fstatat(folder, names.items[i], &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode))
			below = openat(folder, names.items[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			look(below, here, depth + 1, walk);
		else if (!S_ISDIR(st.st_mode))
			note(walk, here, &st);
	}
}

void up_tell_dropped(const struct up *up, const char *name)
{
	autofree char *path = text_format("%s/containers/%s", up->call->places->store, name);
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int upper = folder < 0 ? -1 : writable_open_upper(folder);
	struct walk walk = { 0 };
	autofree char *line = NULL;

	if (upper < 0)
		return;
	look(upper, "", 0, &walk);
	if (walk.count) {
		line = text_format("what %s wrote beside its volumes stays behind with it: %s%s", name, walk.names.data,
				   walk.count > SHOWN ? ", and more" : "");
		report_line(line);
	}
	text_release(&walk.names);
}

static bool has_volume(const struct container *c, const char *volume)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (c->mounts[i].kind == MOUNT_VOLUME && strcmp(c->mounts[i].source, volume) == 0)
			return true;
	return false;
}

/* Most often another name of it in the file, by mistake. */
void up_tell_left_volumes(const struct up *up, const struct up_service *service, const char *name)
{
	autorelease(list) struct list volumes = { 0 };
	struct error ignored = { 0 };

	if (app_volumes_of(up->call->places, name, &volumes, &ignored))
		return;
	for (size_t i = 0; i < volumes.count; i++) {
		autofree char *line = text_format("%s has the volume %s, and the new one has not: it stays, with what is in it", name,
						  volumes.items[i]);

		if (!has_volume(&service->run.container, volumes.items[i]))
			report_line(line);
	}
}
