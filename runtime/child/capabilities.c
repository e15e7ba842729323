/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capabilities.c - what the container's processes may do beyond their user id.
 *
 * The system calls themselves are used: capset(2) takes all three sets at once, and a mask is what we have.
 */
#include "runtime/child/capabilities.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "specs/container.h"

static const char *name_of(int number, char buffer[static 24])
{
	const char *name = number < CAPABILITY_COUNT ? capability_name(number) : NULL;

	if (name)
		return name;
	(void)snprintf(buffer, 24, "number %d", number); /* always fits */
	return buffer;
}

static int sets_read(struct capability_sets *ret, struct error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return error_sys(e, "read the capabilities");
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int sets_write(const struct capability_sets *sets, struct error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable },
		{ (uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32), (uint32_t)(sets->inheritable >> 32) },
	};

	if (syscall(SYS_capset, &header, data))
		return error_sys(e, "set the capabilities to %016llx", (unsigned long long)sets->permitted);
	return 0;
}

int capabilities_last(void)
{
	int last = 63;

	/* PR_CAPBSET_READ knows as many as the kernel does; asking needs no /proc. */
	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	return last;
}

int capabilities_bound(uint64_t keep, struct error *e)
{
	char name[24];

	/* From the first to the first that the kernel does not know: also those that this box has no name for. */
	for (int i = 0; i < 64; i++) {
		int held = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (held < 0)
			break;
		if (held == 0 || (keep >> i & 1))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			return error_sys(e, "drop capability %s from the bounding set", name_of(i, name));
	}
	return 0;
}

static int raise_ambient(uint64_t mask, struct error *e)
{
	char name[24];

	/* EINVAL: kernels before 4.3 have no ambient set. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return error_sys(e, "clear the ambient capabilities");
	for (int i = 0; i < 64; i++)
		if ((mask >> i & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0))
			return error_sys(e, "raise capability %s in the ambient set", name_of(i, name));
	return 0;
}

int capabilities_set(const struct capability_sets *wanted, struct error *e)
{
	uint64_t known = UINT64_MAX >> (63 - capabilities_last()); /* the kernel refuses bits that it does not know */
	/* What is not inheritable cannot be ambient; runc's own default configuration asks for it, and gets nothing. */
	const struct capability_sets target = { .effective = wanted->effective & known, .inheritable = wanted->inheritable & known,
						.permitted = wanted->permitted & known,
						.ambient = wanted->ambient & wanted->inheritable & wanted->permitted & known };
	struct capability_sets held = { 0 };
	uint64_t missing;
	char name[24];

	if (sets_read(&held, e))
		return -1;
	missing = target.permitted & ~held.permitted;
	if (missing) {
		error_set(e, ERROR_DENIED, "keep capability %s: this process does not have it", name_of(__builtin_ctzll(missing), name));
		return error_hint(e, "Remove it from cap_add: nobody can give away what they do not have.");
	}
	if (sets_write(&target, e) || raise_ambient(target.ambient, e) || sets_read(&held, e))
		return -1;
	if (held.effective != target.effective || held.permitted != target.permitted || held.inheritable != target.inheritable)
		return error_set(e, ERROR_INTERNAL, "set the capabilities to %016llx: the kernel kept %016llx",
				 (unsigned long long)target.permitted, (unsigned long long)held.permitted);
	return 0;
}

uint64_t capabilities_own(void)
{
	struct capability_sets own = { 0 };
	struct error ignored = { 0 };

	return sets_read(&own, &ignored) ? 0 : own.permitted;
}

void capabilities_lower(struct capability_sets *sets)
{
	struct capability_sets own = { 0 };
	struct error ignored = { 0 };
	uint64_t missing;
	char name[24];

	if (sets_read(&own, &ignored))
		return; /* the child will say it */
	missing = (sets->permitted | sets->effective | sets->inheritable | sets->ambient) & ~own.permitted &
		  (UINT64_MAX >> (63 - capabilities_last()));
	for (uint64_t rest = missing; rest; rest &= rest - 1)
		log_warning("capability %s: box itself does not have it, continuing without", name_of(__builtin_ctzll(rest), name));
	sets->permitted &= ~missing;
	sets->effective &= ~missing;
	sets->inheritable &= ~missing;
	sets->ambient &= ~missing;
}
