/* SPDX-License-Identifier: Apache-2.0 */
/*
 * afterwards.c - a process that acts when its box ends.
 */
#include "runtime/child/afterwards.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"

int afterwards_start(const char *title, void (*act)(int pipe, const void *data), const void *data, struct afterwards *ret, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	struct afterwards made = AFTERWARDS_NONE;
	sigset_t all;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	pid = process_clone(&plain, &made.pidfd, e);
	if (pid == 0) {
		close(ends[1]);
		process_title(title);
		(void)setsid(); /* not ended with its caller's terminal */
		(void)sigfillset(&all);
		(void)sigprocmask(SIG_SETMASK, &all, NULL);
		act(ends[0], data);
		_exit(0);
	}
	close(ends[0]);
	made.pipe = ends[1];
	if (pid < 0) {
		close(made.pipe);
		return -1;
	}
	*ret = made;
	return 0;
}

int afterwards_end(struct afterwards *afterwards, struct error *e)
{
	struct process_end end;
	int result;

	if (afterwards->pipe < 0)
		return 0;
	close(take_fd(&afterwards->pipe));
	result = process_wait(afterwards->pidfd, &end, e);
	close(take_fd(&afterwards->pidfd));
	return result;
}
