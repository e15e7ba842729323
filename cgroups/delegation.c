/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delegation.c - a group of one's own for an ordinary user who has none.
 *
 * A login session's group belongs to root; the groups of the user's own systemd belong to the user. A process cannot move itself from the
 * one to the other, but systemd can (systemd-run --user --scope does nothing else). The scope ends with this process and what runs in it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/group.h"
#include "cgroups/unit_properties.h"

/* Whether the user's manager listens: without it there is nobody to ask, and no program to start for that. */
static bool has_manager(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	autofree char *usual = text_format("/run/user/%u", geteuid());
	autofree char *path = text_format("%s/systemd/private", run && run[0] == '/' ? run : usual);

	return access("/run/systemd/system", F_OK) == 0 && access(path, W_OK) == 0;
}

static int make_scope(const char *name, struct error *e)
{
	autorelease(list) struct list properties = { 0 };
	autofree char *unit = text_format("box-%s-%d.scope", name, (int)getpid());

	unit_text(&properties, "Description", unit);
	unit_text(&properties, "CollectMode", "inactive-or-failed");
	list_add(&properties, "Delegate=true");
	list_addf(&properties, "PIDs=[uint32 %d]", (int)getpid());
	return unit_call(/* is_user= */ true, "start", unit, &properties, NULL, e);
}

void cgroup_seek_scope(const char *name)
{
	struct error e = { 0 };

	if (has_manager() && make_scope(name, &e))
		log_debug("make a scope of the user's systemd: %s, continuing without", e.text);
}

void cgroup_seek_delegation(const char *name)
{
	struct layout layout = { 0 };
	struct error e = { 0 };

	if (!has_manager() || layout_find(&layout, &e))
		return;
	if (layout.count == 0 && layout.version == CGROUP_V2 && make_scope(name, &e))
		log_debug("make a scope of the user's systemd: %s, continuing without", e.text);
	layout_release(&layout);
}
