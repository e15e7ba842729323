/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apps_rename.c - another name for an app in the background that does not run.
 *
 * The name is in several places, and they change one after the other: the writable layer, its holder, the holder of the ids, the
 * definition's folder, and in it the spec and the settings. The note .rename is written before the first, under a lock, and removed behind
 * the last; each step does nothing where it has been done. A rename that was killed is finished by whoever takes the lock next.
 */
#include "runtime/apps/apps_rename.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/instances.h"
#include "runtime/apps/kept.h"
#include "runtime/logs/events.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "runtime/storage/writable.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/lines.h"
#include "specs/app.h"

#define NOTE ".rename"

enum { SPEC_LIMIT = 4 << 20 };

struct note {
	char *old, *new;
};

#define AT(member) offsetof(struct note, member)
static const struct line_row rows[] = { { "old", LINE_TEXT, AT(old) }, { "new", LINE_TEXT, AT(new) }, { 0 } };
#undef AT

/* The folder of all definitions, locked; -1 with e->sys ENOENT where there is none. */
static int lock_all(const char *store, int operation, struct error *e)
{
	autofree char *top = text_format("%s/apps", store);
	autoclose int apps = folder_open_private(top, e);
	int result;

	if (apps < 0)
		return -1;
	while ((result = flock(apps, operation)) && errno == EINTR)
		;
	return result ? error_sys(e, "lock the folder %s", top) : take_fd(&apps);
}

static bool exists(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The spec with the name. Adds to ret. */
static int read_spec(int definition, const char *name, struct text *ret, struct error *e)
{
	autorelease(text) struct text from = { 0 };

	return file_read(definition, "app.json", SPEC_LIMIT, &from, e) ? -1 : app_frozen_rename(from.data, from.length, name, ret, e);
}

static int rename_spec(int definition, const char *name, struct error *e)
{
	autorelease(text) struct text to = { 0 };

	if (read_spec(definition, name, &to, e))
		return -1;
	return file_replace(definition, "app.json", to.data, to.length, 0600, e);
}

static int rename_settings(int definition, const char *name, struct error *e)
{
	struct app_settings settings = { 0 };
	char *before;
	int result = app_settings_read(definition, &settings, e);

	if (result)
		return -1;
	before = settings.name;
	/* Another app may use its image's volumes too, so they stay what they are called. */
	if (!settings.volumes_of && strcmp(before, name) != 0)
		settings.volumes_of = alloc_copy(before);
	free(settings.service);
	settings.service = alloc_copy(name);
	settings.generation = settings.replica = 1;
	settings.name = (char *)name;
	result = app_settings_write(definition, &settings, e);
	settings.name = before;
	app_settings_release(&settings);
	return result;
}

/* What is outside of the definition: it is renamed when all of this is. */
static int rename_parts(int store, int definition, const struct note *note, struct error *e)
{
	int64_t base = apps_id_base(definition);

	if (writable_rename(store, note->old, note->new, e))
		return -1;
	return base < 0 ? 0 : idmap_pass_on(store, (uint32_t)base, note->old, note->new, e);
}

/* Nothing has changed yet, or there is nothing to be changed any more. */
static int give_up(int apps, struct error *e)
{
	if (unlinkat(apps, NOTE, 0) && errno != ENOENT)
		return error_sys(e, "remove the note of a rename");
	return -1;
}

/* Every step, as far as it has not been done. The lock is held. */
static int finish(int store, int apps, const struct note *note, struct error *e)
{
	const char *now = exists(apps, note->new) ? note->new : note->old;
	autoclose int definition = openat(apps, now, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (definition < 0) {
		error_sys(e, "open the folder of the app %s", now);
		return e->sys == ENOENT ? give_up(apps, e) : -1;
	}
	if (rename_parts(store, definition, note, e))
		return e->sys == EEXIST && now == note->old ? give_up(apps, e) : -1;
	if (now == note->old && renameat2(apps, note->old, apps, note->new, RENAME_NOREPLACE))
		return error_sys(e, "rename the folder of the app %s to %s", note->old, note->new);
	if (rename_spec(definition, note->new, e) || rename_settings(definition, note->new, e))
		return -1;
	if (unlinkat(apps, NOTE, 0) || fsync(apps))
		return error_sys(e, "remove the note of a rename");
	return 0;
}

/* A rename that was killed. The lock is held. */
static int settle(const char *path, int apps, struct error *e)
{
	struct note note = { 0 };
	struct error unread = { 0 };
	autoclose int store = folder_open_private(path, e);
	int result = store < 0 ? -1 : 0;

	if (store >= 0 && lines_read(apps, NOTE, rows, &note, &unread) == 0 && note.old && note.new)
		result = finish(store, apps, &note, e);
	lines_release(rows, &note);
	if (result && store >= 0 && !exists(apps, NOTE)) {
		error_clear(e); /* it has come to nothing: the app has its old name */
		return 0;
	}
	return result ? error_in(e, "finish a rename that was interrupted") : 0;
}

int apps_hold(const char *store, int *ret, struct error *e)
{
	for (*ret = -1;;) {
		autoclose int apps = lock_all(store, LOCK_SH, e);

		if (apps < 0 && e->sys == ENOENT) {
			error_clear(e);
			return 0;
		}
		if (apps >= 0 && !exists(apps, NOTE)) {
			*ret = take_fd(&apps);
			return 0;
		}
		if (apps < 0)
			return -1;
		close(take_fd(&apps));
		apps = lock_all(store, LOCK_EX, e);
		if (apps < 0 || settle(store, apps, e))
			return -1;
	}
}

/* It is the name of a file with services, or of a service of which this generation is not there any more. */
static bool is_of_others(const struct places *places, const char *name)
{
	autorelease(instances) struct instances found = { 0 };
	struct error ignored = { 0 };

	return instances_find(places, name, &found, &ignored) == 0 && found.count > 0;
}

/* Whose name it is, or may become meanwhile, is found out under the lock: nobody makes or starts an app then. */
static int check(const struct places *places, int store, int apps, const char *old, const char *new, struct error *e)
{
	autofree char *layer = text_format("containers/%s", new);
	autorelease(text) struct text spec = { 0 };
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, old, &settings, e);
	autofree char *kept = kept_unit(places, old);
	bool is_units = settings.unit || kept, is_of_file = settings.stack;

	app_settings_release(&settings);
	if (definition < 0)
		return -1;
	if (is_units) {
		error_set(e, ERROR_EXISTS, "rename %s: systemd keeps it, by a unit of that name", old);
		return error_hint(e, "box systemd remove %s, box rename %s %s, box systemd install %s", old, old, new, new);
	}
	if (is_of_file) {
		error_set(e, ERROR_EXISTS, "rename %s: it is a service of a file with several, which names it", old);
		return error_hint(e, "change the name in the file, and box up --remove-orphans FILE.json");
	}
	if (state_exists(places, old)) {
		error_set(e, ERROR_EXISTS, "rename %s: it is running, and its cgroup has its name", old);
		return error_hint(e, "box stop %s, box rename %s %s, box start %s", old, old, new, new);
	}
	if (!exists(apps, new) && !state_exists(places, new) && !exists(store, layer) && !is_of_others(places, new))
		/* Once begun it has to be finished before any app can be started. */
		return read_spec(definition, new, &spec, e) ? error_in(e, "rename %s to %s", old, new) : 0;
	error_set(e, ERROR_EXISTS, "rename %s to %s: that name is taken", old, new);
	return error_hint(e, "choose another one, or remove what has it: box rm -f %s", new);
}

int apps_rename(const struct places *places, const char *old, const char *new, struct error *e)
{
	const struct note note = { (char *)old, (char *)new };
	autoclose int store = folder_open_private(places->store, e);
	autoclose int apps = store < 0 ? -1 : lock_all(places->store, LOCK_EX, e);

	if (apps < 0 && e->sys == ENOENT) { /* the words of apps_open */
		error_clear(e);
		error_set(e, ERROR_MISSING, "find the app %s: there is none in the background", old);
		return error_hint(e, "box ps -a lists what there is");
	}
	if (apps < 0 || settle(places->store, apps, e) || check(places, store, apps, old, new, e))
		return -1;
	if (lines_write(apps, NOTE, rows, &note, e) || finish(store, apps, &note, e))
		return error_in(e, "rename %s to %s", old, new);
	events_note(places, "container", "rename", new, NULL);
	return 0;
}

bool apps_is_there(const struct places *places, const char *name)
{
	struct error ignored = { 0 };
	autoclose int held = -1;

	return apps_exists(places, name) || (apps_hold(places->store, &held, &ignored) == 0 && apps_exists(places, name));
}
