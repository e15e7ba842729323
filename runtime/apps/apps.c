/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apps.c - the definitions of apps in the background, on disk.
 *
 * A definition gets its name last, and loses it first: what has another name (".new-…", ".old-…") was not finished, or is being
 * removed.
 */
#include "runtime/apps/apps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/places.h"
#include "base/reserve.h"
#include "base/text.h"
#include "runtime/apps/app_network.h"
#include "runtime/apps/health_define.h"
#include "runtime/apps/job.h"
#include "runtime/exits/exit_record.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "runtime/storage/app_volumes.h"
#include "runtime/storage/writable.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/lines.h"
#include "runtime/supervise/secrets.h"
#include "specs/container.h"

enum { YOUNG_SECONDS = 60, COMMAND_SHOWN = 200, LAST_END_RESERVED = 512 };

char *apps_path(const struct places *places, const char *name)
{
	return text_format("%s/apps/%s", places->store, name);
}

/* One folder has one name, whatever it is called: with a link in it, or a slash at its end. */
static bool is_same_folder(const char *one, const char *other)
{
	struct stat a, b;

	return strcmp(one, other) == 0 || (stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

int apps_open_all(const char *store, struct error *e)
{
	autoclose int top = folder_open_private(store, e);
	int apps;

	if (top < 0)
		return -1;
	apps = openat(top, "apps", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return apps < 0 ? error_sys(e, "open the folder %s/apps", store) : apps;
}

int apps_open(const struct places *places, const char *name, struct app_settings *ret, struct error *e)
{
	autoclose int apps = apps_open_all(places->store, e);
	autoclose int folder = apps < 0 ? -1 : openat(apps, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct app_settings settings = { 0 };
	bool is_ours;

	if (apps < 0 && e->sys != ENOENT)
		return -1;
	if (apps >= 0 && folder < 0 && errno != ENOENT)
		return error_sys(e, "open the folder %s/apps/%s", places->store, name);
	error_clear(e);
	if (folder >= 0 && app_settings_read(folder, &settings, e))
		return error_in(e, "open the app %s", name);
	is_ours = folder >= 0 && is_same_folder(settings.state, places->state);
	if (ret && is_ours)
		*ret = settings;
	else
		app_settings_release(&settings);
	if (is_ours)
		return take_fd(&folder);
	error_set(e, ERROR_MISSING, "find the app %s: there is none in the background", name);
	return error_hint(e, "box ps -a lists what there is");
}

int apps_find(const struct places *places, const char *name, struct error *e)
{
	autoclose int folder = apps_open(places, name, NULL, e);

	if (folder >= 0 || e->kind != ERROR_MISSING)
		return folder >= 0 ? 1 : -1;
	error_clear(e);
	return 0;
}

bool apps_exists(const struct places *places, const char *name)
{
	struct error ignored = { 0 };

	return apps_find(places, name, &ignored) > 0;
}

int apps_refuse_name(const struct places *places, const char *name, struct error *e)
{
	autofree char *path = apps_path(places, name);

	if (access(path, F_OK))
		return 0;
	error_set(e, ERROR_EXISTS, "use the name %s: an app in the background has it", name);
	return error_hint(e, "choose another one with --name, start the app with box start %s, or remove it with box rm -f %s", name, name);
}

/* One line of it: what an image says may be anything. */
static char *shown_command(const struct list *args)
{
	autorelease(text) struct text command = { 0 };

	for (size_t i = 0; i < args->count && command.length < COMMAND_SHOWN; i++) {
		text_add(&command, i ? " " : "");
		text_add_escaped(&command, args->items[i], strnlen(args->items[i], COMMAND_SHOWN));
	}
	return text_take(&command);
}

/* The sources that its supervisor watches. */
static int define_secrets(int folder, const struct container *c, struct error *e)
{
	autorelease(list) struct list paths = { 0 };

	for (size_t i = 0; i < c->file_count; i++)
		if (c->files[i].watch)
			list_add(&paths, c->files[i].watch);
	return paths.count ? secrets_define(folder, &paths, e) : 0;
}

static int fill(int folder, const struct places *places, const struct app_definition *d, struct error *e)
{
	autofree char *box = places_self(e);
	autofree char *supervisor = box ? places_helper("box-supervise", e) : NULL;
	autofree char *state = realpath(places->state, NULL);
	autofree char *command = shown_command(d->args);
	struct app_settings settings = { .name = (char *)d->name, .state = state ? state : places->state, .store = places->store, .box = box,
				     .supervisor = supervisor, .restart = (char *)d->restart, .stop_signal = d->stop_signal,
				     .stop_grace_us = d->stop_grace_us, .created = time(NULL), .image = (char *)d->image, .command = command,
				     .log_driver = (char *)d->log_driver, .log_max_size = d->log_max_size, .log_max_files = d->log_max_files,
				     .spec_file = (char *)d->spec_file, .named = (char *)d->named, .terminal = d->terminal, .keep_stdin = d->keep_stdin,
				     .stack = (char *)d->stack, .service = (char *)(d->service ? d->service : d->name),
				     .generation = d->generation ? d->generation : 1, .replica = d->replica ? d->replica : 1, .level = d->level,
				     .digest = (char *)d->spec_digest, .depends = (char *)d->depends, .external = (char *)d->external,
				     .volumes_of = (char *)d->volumes_of };

	if (!supervisor || file_replace(folder, "app.json", d->json->data, d->json->length, 0600, e))
		return -1;
	if (health_define(folder, d->container, e) || define_secrets(folder, d->container, e) ||
	    app_volumes_define(folder, d->container, e) || app_network_define(folder, d->container, e) ||
	    job_define(folder, d->schedule, e))
		return -1;
	if (d->is_standby && file_replace(folder, STANDBY_FILE, "", 0, 0600, e))
		return -1;
	if (d->remove && file_replace(folder, REMOVE_FILE, "", 0, 0600, e))
		return -1;
	if (d->digest && file_replace(folder, "image", d->digest, strlen(d->digest), 0600, e))
		return -1;
	/* For when the disk is full at the end of a run. */
	if (reserve_make(folder, LAST_END_FILE, LAST_END_RESERVED, e) || exit_record_reserve(folder, e))
		return -1;
	return app_settings_write(folder, &settings, e) || wanted_write(folder, /* running= */ true, e) ? -1 : 0;
}

int apps_make(const struct places *places, const struct app_definition *d, struct error *e)
{
	autofree char *top = text_format("%s/apps", places->store);
	autofree char *temporary = text_format(".new-%d-%s", (int)getpid(), d->name);
	autoclose int apps = folder_make_private(top, e);
	autoclose int folder = -1;
	struct error ignored = { 0 };
	int result = -1;

	if (apps < 0)
		return -1;
	if (mkdirat(apps, temporary, 0700))
		return error_sys(e, "make the folder %s/%s", top, temporary);
	folder = openat(apps, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		error_sys(e, "open the folder %s/%s", top, temporary);
	else if (fill(folder, places, d, e) == 0)
		result = renameat2(apps, temporary, apps, d->name, RENAME_NOREPLACE);
	if (result == 0)
		return fsync(apps) ? error_sys(e, "keep the folder %s", top) : 0;
	if (e->kind == ERROR_NONE && errno != EEXIST)
		error_sys(e, "make the app %s", d->name);
	else if (e->kind == ERROR_NONE)
		(void)apps_refuse_name(places, d->name, e);
	(void)folder_remove(apps, temporary, &ignored); /* the first cause is what counts */
	return -1;
}

struct id_lease {
	int64_t base;
};
static const struct line_row id_lease_rows[] = { { "base", LINE_NUMBER, offsetof(struct id_lease, base) }, { 0 } };

int64_t apps_id_base(int definition)
{
	struct id_lease noted = { 0 };
	struct error missing = { 0 };

	return lines_read(definition, "ids", id_lease_rows, &noted, &missing) == 0 && noted.base > 0 && noted.base <= UINT32_MAX ? noted.base : -1;
}

int apps_note_id_base(int definition, int64_t base, struct error *e)
{
	return lines_write(definition, "ids", id_lease_rows, &(struct id_lease){ base }, e);
}

static bool is_young(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || time(NULL) - st.st_ctime <= YOUNG_SECONDS;
}

static bool is_left(const struct places *places, int apps, const char *name)
{
	autofree char *mark = text_format("%s/" REMOVE_FILE, name);
	struct stat st;

	return fstatat(apps, mark, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > YOUNG_SECONDS && !state_exists(places, name);
}

int apps_walk(const struct places *places, int (*visit)(int apps, const char *name, void *data, struct error *e), void *data,
	      struct error *e)
{
	autoclose int apps = apps_open_all(places->store, e);
	autoclosedir DIR *entries = apps < 0 ? NULL : folder_open(apps, ".", 0);
	struct dirent *entry;

	if (apps < 0 && e->sys == ENOENT) {
		error_clear(e);
		return 0;
	}
	if (!entries)
		return apps < 0 ? -1 : error_sys(e, "read the folder %s/apps", places->store);
	while ((errno = 0, entry = readdir(entries)))
		if (entry->d_name[0] != '.' && visit(apps, entry->d_name, data, e))
			return -1;
	return errno ? error_sys(e, "read the folder %s/apps", places->store) : 0;
}

/* What a walk looks for, and where it adds names. */
struct search {
	const struct places *places;
	bool left_ones;
	struct list *ret;
};

static int add_name(int apps, const char *name, void *data, struct error *e)
{
	const struct search *search = data;

	(void)e;
	if ((!search->left_ones || is_left(search->places, apps, name)) && apps_exists(search->places, name))
		list_add(search->ret, name);
	return 0;
}

int apps_names(const struct places *places, struct list *ret, struct error *e)
{
	struct search search = { places, /* left_ones= */ false, ret };

	return apps_walk(places, add_name, &search, e);
}

int apps_names_left(const struct places *places, struct list *ret, struct error *e)
{
	struct search search = { places, /* left_ones= */ true, ret };

	return apps_walk(places, add_name, &search, e);
}

int apps_remove(const struct places *places, const char *name, struct error *e)
{
	autofree char *holder = apps_path(places, name);
	autofree char *old = text_format(".old-%d-%s", (int)getpid(), name);
	autoclose int store = folder_open_private(places->store, e);
	autoclose int apps = store < 0 ? -1 : openat(store, "apps", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct id_map map = { 0 };

	if (store < 0)
		return error_in(e, "remove the app %s", name);
	if (apps < 0 || renameat(apps, name, apps, old))
		return error_sys(e, "remove the app %s", name);
	if (places->rootless)
		id_map_for_caller(&map);
	/* From here on a sweep finishes what is not finished here. */
	if (writable_remove(places->store, name, &map, e))
		return -1;
	idmap_return(store, 0, holder);
	return folder_remove(apps, old, e);
}

int apps_sweep(const char *store, struct error *e)
{
	autofree char *top = text_format("%s/apps", store);
	autoclosedir DIR *entries = folder_open(AT_FDCWD, top, 0);
	struct dirent *entry;
	int result = 0;

	if (!entries)
		return errno == ENOENT ? 0 : error_sys(e, "read the folder %s", top);
	while ((entry = readdir(entries))) {
		struct error later = { 0 };

		if (!text_starts(entry->d_name, ".new-") && !text_starts(entry->d_name, ".old-") && !text_starts(entry->d_name, ".rename.tmp-"))
			continue;
		if (is_young(dirfd(entries), entry->d_name))
			continue;
		if (folder_remove(dirfd(entries), entry->d_name, &later) && result == 0) {
			result = -1;
			*e = later;
		}
	}
	return result;
}
