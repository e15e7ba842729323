/* SPDX-License-Identifier: Apache-2.0 */
/*
 * middle.c - a process between box and a container.
 */
#include "runtime/child/middle.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "runtime/child/stage.h"

static _Noreturn void run_middle(const struct middle *m)
{
	const struct process_clone request = { .flags = CLONE_PARENT | m->flags, .cgroup = -1 };
	int inside = m->inside, pidfd = -1;
	struct error e = { 0 };
	struct message message;
	pid_t pid = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* box waits for it anyway */
	close(m->outside);
	if (m->prepare(m->data, &inside, &e) == 0)
		pid = process_clone(&request, &pidfd, &e);
	if (pid == 0)
		m->become(m->data, inside);
	message_init(&message, pid > 0 ? STAGE_ENTERED : STAGE_FAILED);
	message.error = e;
	message.fds[0] = pidfd;
	message.fd_count = pid > 0;
	message.numbers[0] = pid; /* as box calls it: this process is still in its pid namespace */
	(void)channel_send(inside, &message, &e); /* if box is gone nobody is left to tell */
	_exit(0);
}

int middle_start(const struct middle *m, int *ret_pidfd, struct error *e)
{
	const struct process_clone request = { .cgroup = m->cgroup };
	struct error ignored = { 0 };
	struct process_end end;
	struct message message;
	autoclose int pidfd = -1;
	pid_t pid = process_clone(&request, &pidfd, e);
	int got;

	if (pid == 0)
		run_middle(m);
	close(m->inside);
	if (pid < 0)
		return -1;
	got = stage_receive(m->outside, STAGE_ENTERED, &message, e);
	if (got < 0 && e->kind != ERROR_NONE)
		(void)process_signal(pidfd, SIGKILL); /* interrupted: it may still run */
	(void)process_wait(pidfd, &end, &ignored);    /* its message is what counts */
	if (got == 0)
		return error_set(e, ERROR_KERNEL, "enter the container's namespaces: the process that does it died");
	if (got < 0)
		return -1;
	*ret_pidfd = take_fd(&message.fds[0]);
	message_release(&message);
	return (pid_t)message.numbers[0];
}
