/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_info.c - how a process ended that is nobody's child here.
 *
 * The kernel keeps the exit code with a pidfd that was open by then (PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15), from the moment on
 * in which whoever is the parent has waited for the process. Headers of older systems do not have the call.
 */
#include "base/process.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

struct exit_info {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11]; /* pid, tgid, ppid, and eight of users and groups */
	int32_t exit_code;
};

#define WANT_EXIT (UINT64_C(1) << 3)
#define GET_INFO _IOWR(0xFF, 11, struct exit_info)

void process_end_from_status(int status, struct process_end *ret)
{
	*ret = (struct process_end){ .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
				     .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
				     .core = WIFSIGNALED(status) && WCOREDUMP(status) };
}

int process_end_info(int pidfd, struct process_end *ret)
{
	struct exit_info info = { .mask = WANT_EXIT };

	_Static_assert(sizeof(struct exit_info) == 64, "the first version of struct pidfd_info");
	if (ioctl(pidfd, GET_INFO, &info))
		return -1;
	if (!(info.mask & WANT_EXIT)) {
		errno = EAGAIN;
		return -1;
	}
	process_end_from_status(info.exit_code, ret);
	return 0;
}
