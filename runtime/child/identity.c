/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c - becoming the container's user.
 *
 * Groups first, then the gid, then the uid: the last one takes the right to change the others. PR_SET_KEEPCAPS keeps the
 * permitted set across the change of uid, so that the caller's next step can still set what it wants; execve clears the flag.
 */
#include "runtime/child/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "runtime/child/users.h"

static int by_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

static int check_groups(const struct identity *identity, struct error *e)
{
	autofree gid_t *wanted = alloc_zeroed(identity->group_count + 1, sizeof *wanted);
	autofree gid_t *found = alloc_zeroed(identity->group_count + 1, sizeof *found);
	int count = getgroups((int)identity->group_count, identity->group_count ? found : NULL);

	if (count != (int)identity->group_count)
		return error_set(e, ERROR_INTERNAL, "set %zu supplementary groups: the kernel has %d",
				 identity->group_count, count);
	for (size_t i = 0; i < identity->group_count; i++)
		wanted[i] = identity->groups[i];
	qsort(wanted, identity->group_count, sizeof *wanted, by_gid);
	qsort(found, identity->group_count, sizeof *found, by_gid);
	if (memcmp(wanted, found, identity->group_count * sizeof *wanted) != 0)
		return error_set(e, ERROR_INTERNAL, "set the supplementary groups: the kernel has others");
	return 0;
}

static int check_ids(const struct identity *identity, struct error *e)
{
	uid_t real = 0, effective = 0, saved = 0;
	gid_t real_gid = 0, effective_gid = 0, saved_gid = 0;

	if (getresuid(&real, &effective, &saved) || getresgid(&real_gid, &effective_gid, &saved_gid))
		return error_sys(e, "read the ids back");
	if (real != identity->uid || effective != identity->uid || saved != identity->uid ||
	    real_gid != identity->gid || effective_gid != identity->gid || saved_gid != identity->gid)
		return error_set(e, ERROR_INTERNAL, "become user %u:%u: the kernel says %u:%u", identity->uid,
				 identity->gid, effective, effective_gid);
	return 0;
}

/* The kernel clears the effective set when the uid changes from 0; what is permitted stays, and becomes effective again. */
static int raise_effective(uint64_t capabilities, struct error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return error_sys(e, "read the capabilities");
	data[0].effective = data[0].permitted & (uint32_t)capabilities;
	data[1].effective = data[1].permitted & (uint32_t)(capabilities >> 32);
	if (syscall(SYS_capset, &header, data))
		return error_sys(e, "raise the capabilities again after the change of the user");
	return 0;
}

/* EINVAL is the one errno here whose words mislead. */
static int unmapped(struct error *e, const char *what, unsigned id)
{
	error_sys(e, "become %s %u", what, id);
	if (e->sys == EINVAL)
		error_hint(e,
			   "The container's user namespace does not map %s %u; it has %d ids from 0 on, or a single one for a "
			   "user without subordinate ids.",
			   what, id, ID_RANGE);
	return -1;
}

int identity_take(const struct identity *identity, uint64_t capabilities, bool can_setgroups, struct error *e)
{
	if (can_setgroups && setgroups(identity->group_count, identity->groups)) {
		error_sys(e, "set %zu supplementary groups", identity->group_count);
		if (e->sys == EINVAL)
			error_hint(e, "One of the groups is not mapped into the container.");
		return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return error_sys(e, "keep the capabilities across the change of the user");
	if (setresgid(identity->gid, identity->gid, identity->gid))
		return unmapped(e, "group", identity->gid);
	if (setresuid(identity->uid, identity->uid, identity->uid))
		return unmapped(e, "user", identity->uid);
	if (check_ids(identity, e) || (can_setgroups && check_groups(identity, e)) || raise_effective(capabilities, e))
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return error_sys(e, "stop keeping the capabilities");
	return 0;
}
