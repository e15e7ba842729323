/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduling.c - how the kernel shares processors and disks with a process.
 */
#include "runtime/child/scheduling.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "specs/container.h"

/* sched_setattr(2) has no wrapper in this libc, nor a struct that every kernel header agrees on. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(pid_t pid, const struct scheduler *s, struct error *e)
{
	const struct scheduling request = { .size = sizeof request, .policy = s->policy, .flags = s->flags, .nice = s->nice,
					    .priority = s->priority, .runtime = s->runtime_ns, .deadline = s->deadline_ns,
					    .period = s->period_ns };

	if (s->is_set && syscall(SYS_sched_setattr, pid, &request, 0)) {
		error_sys(e, "set the scheduling policy");
		if (e->sys == EPERM && s->priority)
			error_hint(e, "in a group of cgroup v1 it may need linux.resources.cpu.realtimeRuntime");
		return error_at(e, "process.scheduler");
	}
	return 0;
}

static int set_io_priority(pid_t pid, const struct oci_part *oci, struct error *e)
{
	enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };

	if (oci->io_class && syscall(SYS_ioprio_set, WHO_PROCESS, pid, oci->io_class << CLASS_SHIFT | oci->io_priority)) {
		error_sys(e, "set the I/O priority");
		return error_at(e, "process.ioPriority");
	}
	return 0;
}

int scheduling_set(pid_t pid, const struct oci_part *oci, struct error *e)
{
	return set_scheduler(pid, &oci->scheduler, e) || set_io_priority(pid, oci, e) ? -1 : 0;
}
