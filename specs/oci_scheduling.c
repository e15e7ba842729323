/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_scheduling.c - how the kernel shares processors and disks among processes.
 *
 * sched_setattr(2) answers EINVAL to each combination that makes no sense; the rules here say which one it was.
 */
#include "specs/oci_scheduling.h"

#include <limits.h>
#include <sched.h>

#include "base/error.h"
#include "specs/oci_document.h"

enum { POLICY_ISO = 4, POLICY_DEADLINE = 6, PRIORITY_MOST = 99 };

/* In the order of the kernel's numbers (linux/sched.h); 4 is reserved there and was never made. */
static const char *const policies[] = {
	"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL,
};

/* Likewise: bit n is the kernel's. */
static const char *const flags[] = {
	"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",     "SCHED_FLAG_KEEP_POLICY",
	"SCHED_FLAG_KEEP_PARAMS",   "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL,
};

static const char *const io_classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL };

const struct field oci_scheduler_fields[] = {
	{ "policy", FIELD_ENUM, OCI_AT(process.scheduler_policy), .flags = FIELD_NULLS | FIELD_REQUIRED, .min = 1, .names = policies },
	{ "nice", FIELD_INTEGER, OCI_AT(process.nice), .min = -20, .max = 19 },
	{ "priority", FIELD_INTEGER, OCI_AT(process.priority), .max = PRIORITY_MOST },
	{ "flags", FIELD_FLAGS, OCI_AT(oci.scheduler.flags), .names = flags },
	{ "runtime", FIELD_UNSIGNED, OCI_AT(oci.scheduler.runtime_ns) },
	{ "deadline", FIELD_UNSIGNED, OCI_AT(oci.scheduler.deadline_ns) },
	{ "period", FIELD_UNSIGNED, OCI_AT(oci.scheduler.period_ns) },
	{ 0 },
};

const struct field oci_io_priority_fields[] = {
	{ "class", FIELD_ENUM, OCI_AT(process.io_class), .flags = FIELD_NULLS | FIELD_REQUIRED, .min = 1, .names = io_classes },
	{ "priority", FIELD_INTEGER, OCI_AT(process.io_priority), .max = 7 },
	{ 0 },
};

static int check_scheduler(const struct scheduler *s, const char *policy, struct error *e)
{
	bool is_realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (s->policy == POLICY_ISO)
		return error_set(e, ERROR_UNSUPPORTED, "the kernel has no SCHED_ISO");
	if (is_realtime && !s->priority)
		return error_set(e, ERROR_SPEC, "%s needs a priority from 1 to %d", policy, PRIORITY_MOST);
	if (!is_realtime && s->priority)
		return error_set(e, ERROR_SPEC, "a priority belongs to SCHED_FIFO and SCHED_RR, not to %s", policy);
	if (s->nice && s->policy != SCHED_OTHER && s->policy != SCHED_BATCH)
		return error_set(e, ERROR_SPEC, "nice belongs to SCHED_OTHER and SCHED_BATCH, not to %s", policy);
	if (s->policy != POLICY_DEADLINE && (s->runtime_ns || s->deadline_ns || s->period_ns))
		return error_set(e, ERROR_SPEC, "runtime, deadline and period belong to SCHED_DEADLINE, not to %s", policy);
	return 0;
}

int oci_scheduling_take(struct oci_document *doc, struct error *e)
{
	struct scheduler *s = &doc->oci.scheduler;
	int policy = doc->process.scheduler_policy - 1;

	if (policy >= 0) {
		s->is_set = true;
		s->policy = (unsigned)policy;
		s->nice = (int)doc->process.nice;
		s->priority = (unsigned)doc->process.priority;
		if (check_scheduler(s, policies[policy], e))
			return error_at(e, "scheduler");
	}
	doc->oci.io_class = doc->process.io_class;
	doc->oci.io_priority = (int)doc->process.io_priority;
	return 0;
}
