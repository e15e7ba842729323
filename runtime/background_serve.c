/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background_serve.c - an app in the background that systemd keeps.
 */
#include "runtime/background_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/job.h"
#include "runtime/apps/run_mark.h"
#include "runtime/state/state.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/spawn.h"

/* The state folder with its lock: a new one, or that of a supervisor that died. */
static int take_state(const struct places *places, const char *name, struct state *ret, struct error *e)
{
	int adopted = state_adopt(places, name, ret, e);

	return adopted > 0 ? 0 : adopted < 0 ? -1 : state_make(places, name, ret, e);
}

/* Where the app's group is to lie; every start and sweep finds it there. */
static int note_group(const struct state *state, struct error *e)
{
	autofree char *group = NULL;

	if (cgroup_house_service(&group, e))
		return -1;
	if (group)
		return file_replace(state->folder, STATE_GROUP, group, strlen(group), 0600, e);
	return unlinkat(state->folder, STATE_GROUP, 0) && errno != ENOENT ? error_sys(e, "remove the note of the cgroup of %s", state->name) : 0;
}

static int become(const struct app_settings *settings, int definition, int lock, struct error *e)
{
	autofree char *title = text_format("box:[supervise] %s", settings->name);
	char *const argv[] = { title, NULL };
	int *const kept[] = { &definition, &lock };

	(void)umask(022);
	if (chdir("/") || process_keep_only(SPAWN_DEFINITION, kept, sizeof kept / sizeof *kept, e))
		return e->kind == ERROR_NONE ? error_sys(e, "enter /") : -1;
	if (fcntl(definition, F_SETFD, 0) || fcntl(lock, F_SETFD, 0))
		return error_sys(e, "keep descriptors open");
	(void)execve(settings->supervisor, argv, environ);
	return error_sys(e, "execute %s", settings->supervisor);
}

static int serve(const struct places *places, const struct app_settings *settings, int definition, struct error *e)
{
	struct state state = { .folder = -1, .lock = -1 };
	int result;

	if (!settings->unit) {
		error_set(e, ERROR_MISSING, "serve %s: no unit of systemd keeps it", settings->name);
		return error_hint(e, "box systemd install %s makes one", settings->name);
	}
	if (wanted_write(definition, /* running= */ true, e))
		return -1;
	run_mark_settle(places, settings->name, definition);
	if (take_state(places, settings->name, &state, e))
		return -1;
	result = note_group(&state, e);
	if (result == 0)
		result = become(settings, definition, state.lock, e);
	state_release(&state);
	return result;
}

int background_serve(const struct places *places, const char *name, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);
	int result = definition < 0 ? -1 : serve(places, &settings, definition, e);

	app_settings_release(&settings);
	return result;
}

int background_give(const struct places *places, const char *name, const char *unit, struct error *e)
{
	struct app_settings settings = { 0 };
	autoclose int definition = apps_open(places, name, &settings, e);
	char *before = settings.unit;
	int result = definition < 0 ? -1 : 0;

	if (result == 0 && state_exists(places, name)) {
		result = error_set(e, ERROR_EXISTS, "%s %s: it is running", unit ? "install" : "remove", name);
		error_hint(e, before ? "systemctl stop %s" : "box stop %s", before ? before : name);
	}
	if (result == 0 && unit && job_defined(definition)) {
		result = error_set(e, ERROR_UNSUPPORTED, "install %s: it has a \"schedule\", which its own supervisor keeps; a service of systemd would "
				   "run it once at each boot", name);
		error_hint(e, "box up FILE.json, and box systemd install --up %s: its own supervisor keeps its times", name);
	}
	settings.unit = (char *)unit;
	if (result == 0 && (app_settings_write(definition, &settings, e) || wanted_write(definition, /* running= */ false, e)))
		result = -1;
	settings.unit = before;
	app_settings_release(&settings);
	return result;
}
