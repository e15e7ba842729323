/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_world.c - the tracer of a container.
 */
#include "runtime/child/other_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/child/other_clock.h"
#include "runtime/child/other_names.h"
#include "specs/container.h"

bool other_world_is_other(const struct other_world *world)
{
	return world->clock_shift || world->reverses_names;
}

#ifdef __x86_64__
enum { CALL_STOP = SIGTRAP | 0x80 }; /* with PTRACE_O_TRACESYSGOOD */

int other_world_filter(const struct other_world *world, struct error *e)
{
	enum { AT_NUMBER = offsetof(struct seccomp_data, nr), AT_ARCH = offsetof(struct seccomp_data, arch),
	       AT_THIRD = offsetof(struct seccomp_data, args[2]), NO_CALL = -2 };
	unsigned names = world->reverses_names ? SYS_getdents64 : (unsigned)NO_CALL;
	unsigned mark = world->clock_shift ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_ARCH),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, names, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettimeofday, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_time, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_THIRD),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OTHER_CLOCK_MARK, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, mark),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? error_sys(e, "load the filter of another world") : 0;
}

/* pid stands at the end of a call that the filter has told of. */
static void answer(pid_t pid, const struct other_world *world)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) || (int64_t)regs.rax < 0)
		return;
	if (regs.orig_rax == SYS_getdents64)
		other_names_answer(pid, &regs);
	else
		other_clock_answer(pid, &regs, (int32_t)world->clock_shift);
}

/* Lets everybody go on as without a tracer, but for what stands at the end of an exec or of such a call. ptrace(2), "PTRACE_SEIZE". */
static void follow(const struct other_world *world)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		int event = status >> 16, signal = WSTOPSIG(status);
		bool stays = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;

		if (pid <= 0 || !WIFSTOPPED(status))
			continue;
		if (event == PTRACE_EVENT_EXEC && world->clock_shift)
			other_clock_install(pid, (int32_t)world->clock_shift);
		if (!event && signal == CALL_STOP)
			answer(pid, world);
		if (event == PTRACE_EVENT_SECCOMP)
			(void)ptrace(PTRACE_SYSCALL, pid, NULL, NULL); /* to its end; whoever was killed meanwhile needs nothing */
		else if (event == PTRACE_EVENT_STOP && stays)
			(void)ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		else
			(void)ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)(event || signal == CALL_STOP ? 0 : signal));
	}
}

static _Noreturn void become_tracer(pid_t pid, const struct other_world *world, int told)
{
	const intptr_t options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
				 PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
	int failed;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail */
	process_title("box:[world]");
	/* Nothing of the container's ends waits for this process. */
	if (dup2(told, 0) < 0 || syscall(SYS_close_range, 1U, ~0U, 0U))
		_exit(1);
	failed = ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) ? errno : 0;
	(void)write_all(0, &failed, sizeof failed); /* the other side sees its end otherwise */
	close(0);
	if (!failed)
		follow(world);
	_exit(0);
}

int other_world_start(pid_t pid, const struct other_world *world, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	autoclose int pidfd = -1;
	int ends[2], failed = ESRCH;
	ssize_t got;
	pid_t tracer;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	tracer = process_clone(&plain, &pidfd, e);
	if (tracer == 0)
		become_tracer(pid, world, ends[1]);
	close(ends[1]);
	got = tracer < 0 ? 0 : read(ends[0], &failed, sizeof failed);
	close(ends[0]);
	if (tracer < 0)
		return -1;
	if (got == (ssize_t)sizeof failed && failed == 0)
		return 0;
	errno = failed;
	return error_sys(e, "trace the container's first process");
}

/* Tries it on a process that waits: Yama, or a filter around box itself, may refuse it. */
bool other_world_works(void)
{
	const struct process_clone plain = { .cgroup = -1 };
	const struct other_world none = { 0 };
	struct error ignored = { 0 };
	autoclose int pidfd = -1;
	struct process_end end;
	pid_t pid = process_clone(&plain, &pidfd, &ignored);
	bool works;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail */
		for (;;)
			pause();
	}
	works = pid > 0 && other_world_start(pid, &none, &ignored) == 0;
	if (pid > 0 && process_signal(pidfd, SIGKILL) == 0)
		(void)process_wait(pidfd, &end, &ignored); /* it was killed */
	return works;
}
#else
int other_world_start(pid_t pid, const struct other_world *world, struct error *e)
{
	(void)pid;
	(void)world;
	return error_set(e, ERROR_UNSUPPORTED, "show programs another world: box can do that on x86-64 alone");
}

int other_world_filter(const struct other_world *world, struct error *e)
{
	(void)world;
	return error_set(e, ERROR_INTERNAL, "there is no filter for another world");
}

bool other_world_works(void)
{
	return false;
}
#endif
