/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - begin the programs of background apps.
 */
#include "runtime/supervise/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/control.h"

/* What box reads of its environment, and what tells it about the user. Everything else stays with the caller: a supervisor outlives the
 * session, and what in it is secret. */
static void keep_environment(struct list *ret)
{
	static const char *const kept[] = { "HOME", "USER", "LOGNAME", "TZ", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME",
					    "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS",
#ifdef BOX_TEST_HOOKS
					    "BOX_FAIL_STEP", "BOX_PAUSE_STEP",
#endif
					    "BOX_TRACE" };

	list_add(ret, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (getenv(kept[i]))
			list_addf(ret, "%s=%s", kept[i], getenv(kept[i]));
}

static void plain_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* fails for those that cannot be anything else */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int take_streams(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return -1;
	return 0;
}

static void tell_asker(const struct spawn *request, const struct error *failure)
{
	int asker = request->fds[SPAWN_ASKER - SPAWN_DEFINITION];
	autorelease(text) struct text answer = { 0 };
	struct error ignored = { 0 };

	control_add_failure(failure, &answer);
	if (asker >= 0)
		(void)control_send(asker, answer.data, NULL, &ignored); /* it may be gone */
}

static _Noreturn void become(const struct spawn *request, int parent)
{
	autorelease(list) struct list environment = { 0 };
	int fds[SPAWN_FDS], *kept[SPAWN_FDS];
	size_t count = 0;
	struct error e = { 0 };

	if (request->is_helper && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(125);
	if (!request->is_helper)
		(void)setsid(); /* cannot fail in a new process */
	plain_signals();
	(void)umask(022);
	if (request->prepare && request->prepare(request->data, &e)) {
		tell_asker(request, &e);
		_exit(125);
	}
	if (chdir("/") || take_streams())
		_exit(125);
	for (; count < SPAWN_FDS && request->fds[count] >= 0; count++) {
		fds[count] = request->fds[count];
		kept[count] = &fds[count];
	}
	if (process_keep_only(3, kept, count, &e))
		_exit(125);
	for (size_t i = 0; i < count; i++)
		if (fcntl(fds[i], F_SETFD, 0))
			_exit(125);
	keep_environment(&environment);
	execve(request->program, request->argv, environment.items);
	_exit(errno == ENOENT ? 127 : 126);
}

/* In the group, where there is one: it may just have been removed, or the kernel is before 5.7. */
static pid_t clone_into(int group, int *ret_pidfd, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 }, inside = { .cgroup = group };
	struct error ignored = { 0 };
	pid_t pid = group > 0 ? process_clone(&inside, ret_pidfd, &ignored) : -1;

	return pid >= 0 ? pid : process_clone(&plain, ret_pidfd, e);
}

/* Nobody's child: its parent ends at once, and so it never stays as a zombie of a box that lives long. */
static int begin_apart(const struct spawn *request, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	struct process_end end;
	autoclose int pidfd = -1, ignored = -1;
	pid_t pid = process_clone(&plain, &pidfd, e);

	if (pid == 0) {
		pid = clone_into(request->group, &ignored, e);
		if (pid == 0)
			become(request, /* parent= */ 0);
		_exit(pid < 0);
	}
	if (pid < 0 || process_wait(pidfd, &end, e))
		return -1;
	return end.code == 0 ? 0 : error_set(e, ERROR_KERNEL, "start %s: no process can be made", request->program);
}

pid_t spawn(const struct spawn *request, int *ret_pidfd, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	pid_t parent = getpid(), pid;

	if (!request->is_helper)
		return begin_apart(request, e) ? -1 : 0;
	pid = process_clone(&plain, ret_pidfd, e);
	if (pid == 0)
		become(request, parent);
	return pid < 0 ? error_in(e, "start %s", request->program) : pid;
}

int spawn_given(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}
