/* SPDX-License-Identifier: Apache-2.0 */
/*
 * background_keep.c - box boot --keep: the watcher that the service manager of the host begins again.
 *
 * The watcher and the supervisors watch each other; should all be killed at once, only one who is no process of box can notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/background.h"
#include "runtime/supervise/notify.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/watcher.h"

int background_keep(const struct places *places, struct error *e)
{
	autofree char *box = places_self(e);
	autofree char *program = box ? places_helper("box-supervise", e) : NULL;
	char *const argv[] = { (char *)KEEPER_TITLE, box, NULL };
	autoclose int state = program ? folder_make_private(places->state, e) : -1;
	int *const kept[] = { &state };
	struct notify notify;

	if (state < 0)
		return -1;
	notify_open(&notify, 0);
	notify_send(&notify, "READY=1\nSTATUS=keeping watch");
	/* What it begins lives where all supervisors do, and does not end with this service. */
	if (cgroup_house_enter(NULL, e) || process_keep_only(SPAWN_DEFINITION, kept, 1, e))
		return -1;
	if (fcntl(state, F_SETFD, 0) || chdir("/"))
		return error_sys(e, "keep the state folder open");
	(void)execve(program, argv, environ);
	return error_sys(e, "execute %s", program);
}
