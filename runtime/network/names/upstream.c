/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.c - the beginning of the process that asks the host's name servers, and the one that begins it again.
 */
#include "runtime/network/names/upstream.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "runtime/network/names/upstream_parts.h"
#include "runtime/supervise/control.h"

enum { NOBODY = 65534, BROKEN = 125, AGAIN_MS = 100 };

/* What it reads comes from anybody: it keeps the network, and nothing else. */
static void give_up(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(BROKEN);
	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0))
		_exit(BROKEN);
}

/* Waits for the first question; false: nobody asks any more. */
static bool is_asked(int socket)
{
	struct pollfd asked = { .fd = socket, .events = POLLIN };

	while (poll(&asked, 1, -1) < 0 && errno == EINTR)
		;
	return asked.revents & POLLIN && !(asked.revents & POLLHUP);
}

static _Noreturn void guard(int socket)
{
	int *const kept[] = { &socket };
	struct error e = { 0 };

	process_title("box:[names]");
	(void)setsid(); /* box's terminal is none of ours */
	if (process_keep_only(STDERR_FILENO + 1, kept, 1, &e))
		_exit(BROKEN);
	give_up();
	while (is_asked(socket)) {
		pid_t worker = fork();
		int status = -1;

		if (worker == 0)
			upstream_serve(socket);
		while (worker > 0 && waitpid(worker, &status, 0) < 0 && errno == EINTR)
			;
		if (status == 0) /* nobody asks any more */
			break;
		(void)poll(NULL, 0, AGAIN_MS);
	}
	_exit(0);
}

int upstream_open(struct upstream_ends *ret, struct error *e)
{
	int ends[2];

	if (control_pair(ends, e))
		return -1;
	*ret = (struct upstream_ends){ .asks = ends[0], .answers = ends[1] };
	(void)fcntl(ret->asks, F_SETFL, O_NONBLOCK); /* a socket takes it */
	return 0;
}

int upstream_begin(int answers, struct error *e)
{
	const struct process_clone sibling = { .flags = CLONE_PARENT, .cgroup = -1 };
	autoclose int pidfd = -1;
	pid_t pid = process_clone(&sibling, &pidfd, e);

	if (pid == 0)
		guard(answers);
	return pid < 0 ? error_in(e, "begin the process that asks name servers") : 0;
}
