/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespace_pids.c - the processes of a pid namespace, by what /proc says of each.
 */
#include "runtime/state/namespace_pids.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

static bool find_namespace(const char *process, struct stat *ret)
{
	char path[64];

	return snprintf(path, sizeof path, "/proc/%s/ns/pid", process) < (int)sizeof path && stat(path, ret) == 0;
}

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

int namespace_pids(pid_t pid, int **ret_pids, size_t *ret_count, struct error *e)
{
	autofree char *first = text_format("%d", (int)pid);
	autoclosedir DIR *processes = folder_open(AT_FDCWD, "/proc", 0);
	struct stat wanted, found;
	struct dirent *entry;

	*ret_pids = NULL;
	*ret_count = 0;
	if (!processes)
		return error_sys(e, "open /proc");
	if (!find_namespace(first, &wanted) || (find_namespace("self", &found) && is_same(&wanted, &found)))
		return 0;
	while ((errno = 0, entry = readdir(processes))) {
		int64_t number;

		if (number_parse(entry->d_name, 1, INT32_MAX, &number) || !find_namespace(entry->d_name, &found) || !is_same(&wanted, &found))
			continue;
		*(int *)alloc_append(ret_pids, ret_count, sizeof **ret_pids) = (int)number;
	}
	return errno ? error_sys(e, "read /proc") : 0;
}
