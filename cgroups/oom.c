/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.c - descriptors that tell when a group runs out of memory.
 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cgroups/group.h"

/* memory.oom_control itself cannot be waited for: cgroup.event_control ties an eventfd to it, for as long as the group is there. */
static int tie_event(const struct branch *branch, int counts)
{
	autoclose int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	autofree char *words = text_format("%d %d", event, counts);

	return event < 0 || group_write(branch, "cgroup.event_control", words) ? -1 : take_fd(&event);
}

int cgroup_watch_oom(const struct cgroup *group, int *ret_counts, int *ret_event)
{
	const struct branch *branch = group_branch(group, CONTROLLER_MEMORY);
	autoclose int counts = -1;
	bool is_v2 = branch && branch->tree.is_v2;

	*ret_counts = *ret_event = -1;
	if (!branch || branch->folder < 0)
		return -1;
	counts = openat(branch->folder, is_v2 ? "memory.events" : "memory.oom_control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (counts < 0 || (!is_v2 && (*ret_event = tie_event(branch, counts)) < 0))
		return -1;
	*ret_counts = take_fd(&counts);
	return 0;
}
