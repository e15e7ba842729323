/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlive.c - a process that stays when box has ended.
 */
#include "runtime/state/outlive.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroups/cgroup.h"
#include "runtime/supervise/spawn.h"

static int leave_caller(const void *house, struct error *e)
{
	return cgroup_house_enter(house, e) ? error_in(e, "leave the caller's cgroup") : 0;
}

int outlive_spawn(const struct spawn *request, struct error *e)
{
	autoclose int group = -1;
	struct cgroup *house = cgroup_house_find(&group);
	struct spawn own = *request;
	int result;

	own.group = group;
	own.prepare = leave_caller;
	own.data = house;
	result = spawn(&own, NULL, e) < 0 ? -1 : 0;
	cgroup_free(house);
	return result;
}
