/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_volumes.c - which named volumes an app in the background has.
 */
#include "runtime/storage/app_volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "specs/container.h"

#define VOLUMES_FILE "volumes"

enum { FILE_LIMIT = 1 << 20 };

/* A volume's name has no line end in it. */
int app_volumes_define(int definition, const struct container *container, struct error *e)
{
	autorelease(text) struct text names = { 0 };

	for (size_t i = 0; i < container->mount_count; i++)
		if (container->mounts[i].kind == MOUNT_VOLUME)
			text_addf(&names, "%s\n", container->mounts[i].source);
	return names.length ? file_replace(definition, VOLUMES_FILE, names.data, names.length, 0600, e) : 0;
}

static bool has_volume(int apps, const char *app, const char *volume)
{
	autofree char *path = text_format("%s/" VOLUMES_FILE, app), *line = text_format("\n%s\n", volume);
	autorelease(text) struct text names = { 0 }, lines = { 0 };
	struct error missing = { 0 };

	if (file_read(apps, path, FILE_LIMIT, &names, &missing) || !names.length)
		return false;
	text_addf(&lines, "\n%s", names.data); /* so that a line begins and ends alike */
	return strstr(lines.data, line);
}

void apps_with_volume(const struct places *places, const char *volume, struct list *ret)
{
	autofree char *path = text_format("%s/apps", places->store);
	autoclosedir DIR *apps = folder_open(AT_FDCWD, path, O_NOFOLLOW);
	struct dirent *entry;

	while (apps && (entry = readdir(apps)))
		if (entry->d_name[0] != '.' && has_volume(dirfd(apps), entry->d_name, volume))
			list_add(ret, entry->d_name);
}

int app_volumes_of(const struct places *places, const char *app, struct list *ret, struct error *e)
{
	autofree char *path = text_format("%s/apps/%s/" VOLUMES_FILE, places->store, app);
	autorelease(text) struct text names = { 0 };
	char *state = NULL;

	if (file_read(AT_FDCWD, path, FILE_LIMIT, &names, e) && e->sys != ENOENT)
		return -1;
	error_clear(e);
	for (char *name = names.length ? strtok_r(names.data, "\n", &state) : NULL; name; name = strtok_r(NULL, "\n", &state))
		list_add(ret, name);
	return 0;
}
