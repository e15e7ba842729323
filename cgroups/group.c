/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - small things that every file of cgroups/ needs: a branch by controller, one file of a group, bounded waiting.
 */
#include "cgroups/group.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

const char *branch_tasks_file(const struct branch *branch)
{
	return branch->tree.is_v2 ? "cgroup.procs" : "tasks";
}

const struct branch *group_branch(const struct cgroup *group, enum controller controller)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->branches[i].tree.controllers & CONTROLLER_BIT(controller))
			return &group->branches[i];
	return NULL;
}

int group_write(const struct branch *branch, const char *file, const char *content)
{
	if (branch->folder < 0) {
		errno = ENODEV;
		return -1;
	}
	return file_poke(branch->folder, file, content);
}

int branch_put(const struct branch *branch, const char *pid)
{
	ssize_t length = (ssize_t)strlen(pid);

	if (branch->tasks < 0)
		return group_write(branch, branch_tasks_file(branch), pid);
	return write(branch->tasks, pid, (size_t)length) == length ? 0 : -1;
}

long group_read(const struct branch *branch, const char *file, char *buffer, size_t size)
{
	autoclose int fd = -1;
	size_t length = 0;
	ssize_t got = 0;

	if (branch->folder < 0) {
		errno = ENODEV;
		return -1;
	}
	fd = openat(branch->folder, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (length < size - 1 && (got = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)got;
	buffer[length] = '\0';
	return got < 0 ? -1 : (long)length;
}

long clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

bool wait_until(long deadline_ms, unsigned *pause_us)
{
	if (clock_ms() >= deadline_ms)
		return false;
	(void)usleep(*pause_us); /* woken early by a signal, the caller looks again a little sooner */
	*pause_us = *pause_us < 10000 ? *pause_us * 2 : 20000;
	return true;
}
