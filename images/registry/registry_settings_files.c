/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_settings_files.c - where the settings about registries stand.
 */
#include "images/registry/registry_settings_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "images/registry/registries_conf.h"
#include "images/registry/registry_settings.h"

enum { LIMIT = 1 << 20 };

typedef int add_function(const char *text, size_t length, const char *name, struct registry_settings *ret,
			 struct error *e);

/* A file that may be missing: 1 where it is there. */
static int add_file(const char *path, add_function *add, struct registry_settings *ret, struct error *e)
{
	autorelease(text) struct text content = { 0 };
	struct error failed = { 0 };

	if (file_read(AT_FDCWD, path, LIMIT, &content, &failed)) {
		if (failed.sys == ENOENT || failed.sys == ENOTDIR)
			return 0;
		*e = failed;
		return -1;
	}
	return add(content.data ? content.data : "", content.length, path, ret, e) ? -1 : 1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of a folder whose names end so, in the order of their names. */
static int add_folder(const char *folder, const char *ending, add_function *add, struct registry_settings *ret,
		      struct error *e)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, by_name), result = 0;

	for (int i = 0; i < count; i++) {
		autofree char *path = text_format("%s/%s", folder, entries[i]->d_name);

		if (result >= 0 && entries[i]->d_name[0] != '.' && text_ends(entries[i]->d_name, ending))
			result = add_file(path, add, ret, e);
		free(entries[i]);
	}
	free(entries);
	return result < 0 ? -1 : 0;
}

/* base.ENDING and what lies in base's folder of drop-ins: 1 where the file itself is there. */
static int add_with_drop_ins(const char *file, const char *folder, const char *ending, add_function *add,
			     struct registry_settings *ret, struct error *e)
{
	int found = add_file(file, add, ret, e);

	return found < 0 || add_folder(folder, ending, add, ret, e) ? -1 : found;
}

static int add_registries_conf(const char *user, struct registry_settings *ret, struct error *e)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF");

	if (named && *named)
		return add_file(named, registries_conf_parse, ret, e) < 0 ? -1 : 0;
	if (user) {
		autofree char *file = text_format("%s/containers/registries.conf", user);
		autofree char *folder = text_format("%s/containers/registries.conf.d", user);
		int found = add_with_drop_ins(file, folder, ".conf", registries_conf_parse, ret, e);

		/* The user's file stands in the place of the system's. */
		if (found)
			return found < 0 ? -1 : 0;
	}
	return add_with_drop_ins("/etc/containers/registries.conf", "/etc/containers/registries.conf.d", ".conf",
				 registries_conf_parse, ret, e) < 0
		       ? -1
		       : 0;
}

/* $XDG_CONFIG_HOME, or ~/.config; NULL without either. */
static char *user_folder(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (base && base[0] == '/')
		return alloc_copy(base);
	return home && home[0] == '/' ? text_format("%s/.config", home) : NULL;
}

int registry_settings_read(struct registry_settings *ret, struct error *e)
{
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	autorelease(places) struct places places = { 0 };
	autofree char *user = user_folder();

	if (places_find(&places, e) || add_registries_conf(places.rootless ? user : NULL, &settings, e) ||
	    add_with_drop_ins("/etc/box/registries.json", "/etc/box/registries.d", ".json", registry_settings_add_json,
			      &settings, e) < 0)
		return -1;
	if (strcmp(places.config, "/etc/box") != 0) {
		autofree char *file = text_format("%s/registries.json", places.config);
		autofree char *folder = text_format("%s/registries.d", places.config);

		if (add_with_drop_ins(file, folder, ".json", registry_settings_add_json, &settings, e) < 0)
			return -1;
	}
	*ret = settings;
	settings = (struct registry_settings){ 0 };
	return 0;
}
