/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rlimits.c - resource limits of the container's first process.
 */
#include "runtime/child/rlimits.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/names.h"
#include "specs/container.h"

static const char *value_text(uint64_t value, char buffer[static 24])
{
	if (value == RLIM_INFINITY)
		(void)snprintf(buffer, 24, "unlimited");
	else
		(void)snprintf(buffer, 24, "%llu", (unsigned long long)value);
	return buffer;
}

/* Why the kernel refused, which it says with one EPERM for two reasons. */
static int refused(const struct rlimit_entry *entry, const struct rlimit *now, struct error *e)
{
	char wanted[24], highest[24];
	const char *name = rlimit_name(entry->resource);

	error_sys(e, "set the limit %s to %s", name, value_text(entry->hard, wanted));
	if (e->sys != EPERM)
		return -1;
	if (entry->hard > now->rlim_max) {
		error_set(e, ERROR_DENIED,
			  "set the limit %s to %s: box itself may go up to %s, and raising that needs CAP_SYS_RESOURCE",
			  name, wanted, value_text(now->rlim_max, highest));
		e->sys = EPERM;
		return error_hint(e,
				  "Write at most %s, or raise the hard limit of the shell or service that starts box.",
				  highest);
	}
	if (entry->resource == RLIMIT_NOFILE)
		error_hint(e, "The kernel's own maximum is in /proc/sys/fs/nr_open.");
	return -1;
}

int rlimits_apply(pid_t pid, const struct rlimit_entry *entries, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct rlimit_entry *entry = &entries[i];
		const struct rlimit wanted = { .rlim_cur = entry->soft, .rlim_max = entry->hard };
		struct rlimit now = { 0 };

		if (entry->soft > entry->hard) {
			error_set(e, ERROR_SPEC, "set the limit %s: its soft value is above its hard value",
				  rlimit_name(entry->resource));
			return error_at(e, "ulimits.%s", rlimit_name(entry->resource));
		}
		if (prlimit(pid, entry->resource, NULL, &now))
			return error_sys(e, "read the limit %s of process %d", rlimit_name(entry->resource), (int)pid);
		if (now.rlim_cur == wanted.rlim_cur && now.rlim_max == wanted.rlim_max)
			continue;
		if (prlimit(pid, entry->resource, &wanted, NULL)) {
			refused(entry, &now, e);
			return error_at(e, "ulimits.%s", rlimit_name(entry->resource));
		}
	}
	return 0;
}

static rlim_t lower(rlim_t one, rlim_t other)
{
	return one < other ? one : other;
}

int rlimits_copy(pid_t from, pid_t to, struct error *e)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		enum __rlimit_resource resource = (enum __rlimit_resource)i;
		struct rlimit wanted, now;

		if (prlimit(from, resource, NULL, &wanted))
			continue; /* that process has just ended: so will the other one */
		if (prlimit(to, resource, &wanted, NULL) == 0)
			continue;
		if (errno != EPERM || prlimit(to, resource, NULL, &now))
			return error_sys(e, "set the limit %s as the container's first process has it", rlimit_name(i));
		wanted.rlim_max = lower(wanted.rlim_max, now.rlim_max);
		wanted.rlim_cur = lower(wanted.rlim_cur, wanted.rlim_max);
		if (prlimit(to, resource, &wanted, NULL))
			return error_sys(e, "set the limit %s as the container's first process has it", rlimit_name(i));
	}
	return 0;
}
