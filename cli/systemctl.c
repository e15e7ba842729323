/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemctl.c - the caller's systemd.
 */
#include "cli/systemctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"

enum { SYSTEMCTL_MS = 600000 };

static char *unit_folder(const struct places *places)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!places->rootless)
		return alloc_copy("/etc/systemd/system");
	return config && config[0] == '/' ? text_format("%s/systemd/user", config) : text_format("%s/.config/systemd/user", home ? home : "");
}

bool systemctl_is_running(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* words end with NULL. */
static int ask(const struct places *places, const char *const *words, struct text *ret, struct error *e)
{
	autofree char *program = process_find("systemctl");
	autorelease(list) struct list argv = { 0 };
	struct process_run run = { .path = program, .environment = environ, .input = -1, .timeout_ms = SYSTEMCTL_MS };

	if (!program)
		return error_set(e, ERROR_MISSING, "tell systemd: there is no program systemctl in PATH");
	list_add(&argv, "systemctl");
	if (places->rootless)
		list_add(&argv, "--user");
	for (; *words; words++)
		list_add(&argv, *words);
	run.argv = argv.items;
	return process_run(&run, ret, e);
}

int systemctl(const struct places *places, const char *verb, const char *option, const char *unit, struct error *e)
{
	const char *words[] = { verb, option ? option : unit, option ? unit : NULL, NULL };

	return systemctl_is_running() ? ask(places, words, NULL, e) : 0;
}

bool systemctl_is_idle(const struct places *places, const char *unit)
{
	const char *const words[] = { "show", "--property=ActiveState", unit, NULL };
	autorelease(text) struct text state = { 0 };
	struct error ignored = { 0 };

	return systemctl_is_running() && ask(places, words, &state, &ignored) == 0 && state.length &&
	       (strcmp(state.data, "ActiveState=inactive\n") == 0 || strcmp(state.data, "ActiveState=failed\n") == 0);
}

bool systemctl_is_used(const struct places *places, const char *unit)
{
	const char *const words[] = { "show", "--property=UnitFileState", unit, NULL };
	autorelease(text) struct text state = { 0 };
	struct error ignored = { 0 };

	if (!systemctl_is_running())
		return false;
	return !systemctl_is_idle(places, unit) || ask(places, words, &state, &ignored) || !state.length || strstr(state.data, "=enabled");
}

int systemctl_write_unit(const struct places *places, const char *unit, const char *words, struct error *e)
{
	autofree char *path = unit_folder(places);
	autoclose int folder = folder_make(path, 0755, e);

	if (folder < 0)
		return -1;
	if (file_replace(folder, unit, words, strlen(words), 0644, e))
		return error_in(e, "write the unit %s/%s", path, unit);
	return systemctl(places, "daemon-reload", NULL, NULL, e);
}

int systemctl_remove_unit(const struct places *places, const char *unit, struct error *e)
{
	autofree char *folder = unit_folder(places);
	autofree char *path = text_format("%s/%s", folder, unit);

	if (unlink(path) && errno != ENOENT)
		return error_sys(e, "remove the unit %s", path);
	return systemctl(places, "daemon-reload", NULL, NULL, e);
}
