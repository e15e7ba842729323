/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - ends what a program beside an app has begun, when its box ends.
 */
#include "runtime/guard.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/child/afterwards.h"
#include "runtime/child/stage.h"

enum { ROUNDS = 1000, PAUSE_US = 5000 };

struct mounts {
	int64_t device, number; /* of the namespace's file; 0: nobody has told yet */
};

/* The pidfd is opened first: the number cannot be another process' by the time of the signal. */
static bool end_one(int proc, const char *name, const struct mounts *mounts)
{
	int64_t pid;
	char path[64];
	struct stat st;
	autoclose int pidfd = number_parse(name, 1, INT32_MAX, &pid) ? -1 : process_open((pid_t)pid);

	(void)snprintf(path, sizeof path, "%.20s/ns/mnt", name); /* always fits */
	if (pidfd < 0 || fstatat(proc, path, &st, 0) || (int64_t)st.st_dev != mounts->device ||
	    (int64_t)st.st_ino != mounts->number)
		return false;
	return process_signal(pidfd, SIGKILL) == 0;
}

/* Until a look finds nobody any more: a process that forks meanwhile has children with its own mounts. */
static void end_by_mounts(const struct mounts *mounts)
{
	bool found = mounts->number != 0;

	for (int round = 0; found && round < ROUNDS; round++) {
		autoclosedir DIR *proc = opendir("/proc");
		struct dirent *entry;

		found = false;
		while (proc && (entry = readdir(proc)))
			found |= end_one(dirfd(proc), entry->d_name, mounts);
		if (found)
			usleep(PAUSE_US);
	}
}

static void act(int pipe, const void *data)
{
	const struct cgroup *group = data;
	struct mounts mounts = { 0 };
	struct error ignored = { 0 }; /* box may be gone: nobody is left to tell, and the app's end takes the rest */

	while (read(pipe, &mounts, sizeof mounts) > 0 || errno == EINTR)
		errno = 0;
	/* Both: a group of an ordinary user may be one in name only (cgroup.h). */
	if (group)
		(void)cgroup_kill(group, SIGKILL, &ignored);
	end_by_mounts(&mounts);
	if (group)
		(void)cgroup_remove(group, &ignored);
}

int guard_start(const struct cgroup *group, struct afterwards *ret, struct error *e)
{
	return afterwards_start("box:[guard]", act, group, ret, e);
}

int guard_watch(int pipe, int channel, struct error *e)
{
	struct mounts mounts;
	struct message message;
	int got = stage_receive(channel, STAGE_ROOT, &message, e);

	if (got == 0)
		return error_set(e, ERROR_KERNEL, "debug: the new process died before its program ran");
	if (got < 0)
		return -1;
	mounts = (struct mounts){ message.numbers[0], message.numbers[1] };
	message_release(&message);
	return write_all(pipe, &mounts, sizeof mounts) ? error_sys(e, "tell the guard") : 0;
}
