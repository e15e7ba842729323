/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.c - names whose start and stop are systemd's.
 */
#include "runtime/apps/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"

enum { UNIT_MOST = 512 };

static bool is_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

char *kept_unit(const struct places *places, const char *name)
{
	autofree char *folder = text_format("%s/kept", places->store);
	autorelease(text) struct text unit = { 0 };
	struct error ignored = { 0 };
	autoclose int kept = is_name(name) ? folder_open_private(folder, &ignored) : -1;

	if (kept < 0 || file_read(kept, name, UNIT_MOST, &unit, &ignored) || !unit.length)
		return NULL;
	return take_ptr(&unit.data);
}

int kept_note(const struct places *places, const char *name, const char *unit, struct error *e)
{
	autofree char *folder = text_format("%s/kept", places->store);
	autoclose int kept = folder_make_private(folder, e);

	if (kept < 0)
		return -1;
	if (unit)
		return file_replace(kept, name, unit, strlen(unit), 0600, e);
	return unlinkat(kept, name, 0) && errno != ENOENT ? error_sys(e, "remove the note %s/%s", folder, name) : 0;
}

static int refuse(const char *unit, const char *verb, const char *systemctl, const char *name, struct error *e)
{
	error_set(e, ERROR_EXISTS, "%s %s: systemd keeps it", verb, name);
	if (systemctl)
		return error_hint(e, "systemctl %s %s, or box systemd remove %s", systemctl, unit, name);
	return error_hint(e, "box systemd remove %s stops it, and gives it back", name);
}

int kept_refuse(const struct places *places, const char *verb, const char *systemctl, const struct list *names, struct error *e)
{
	for (size_t i = 0; i < names->count; i++) {
		autofree char *unit = kept_unit(places, names->items[i]);

		if (unit)
			return refuse(unit, verb, systemctl, names->items[i], e);
	}
	return 0;
}
