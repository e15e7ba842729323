/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock.c - fences of Landlock around the caller.
 */
#include "base/landlock.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { VERSION_REFER = 2, VERSION_TRUNCATE = 3, VERSION_TCP = 4, VERSION_IOCTL = 5, VERSION_SCOPED = 6 };

static const uint64_t first_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
				    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
				    LANDLOCK_ACCESS_FS_MAKE_SYM;

long landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? version : 0;
}

bool landlock_find(struct landlock_rules *ret)
{
	long version = landlock_version();

	*ret = (struct landlock_rules){ 0 };
	if (version < VERSION_REFER)
		return false;
	ret->files = first_files | LANDLOCK_ACCESS_FS_REFER;
	if (version >= VERSION_TRUNCATE)
		ret->files |= LANDLOCK_FILE_TRUNCATE;
	if (version >= VERSION_IOCTL)
		ret->files |= LANDLOCK_FILE_IOCTL;
	if (version >= VERSION_TCP)
		ret->tcp = LANDLOCK_TCP_BIND | LANDLOCK_TCP_CONNECT;
	if (version >= VERSION_SCOPED)
		ret->scoped = LANDLOCK_SCOPED_SOCKETS | LANDLOCK_SCOPED_SIGNALS;
	return true;
}

/* An older kernel knows a shorter struct. */
int landlock_make(const struct landlock_rules *rules)
{
	size_t size = rules->scoped ? sizeof *rules
		      : rules->tcp  ? offsetof(struct landlock_rules, scoped)
				    : offsetof(struct landlock_rules, tcp);

	return (int)syscall(SYS_landlock_create_ruleset, rules, size, 0U);
}

int landlock_allow(int set, int folder, uint64_t files)
{
	const struct landlock_path_beneath_attr rule = { .allowed_access = files, .parent_fd = folder };

	return (int)syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U);
}

int landlock_enter(int set)
{
	return (int)syscall(SYS_landlock_restrict_self, set, 0U);
}
