/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - processes held by pidfd.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { STAT_SIZE = 1024 };

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* clone(2) without a stack of its own, as fork(2) does it; its arguments come in an order of each machine's own. */
static long clone_plainly(uint64_t flags, int *ret_pidfd)
{
#if defined(__x86_64__)
	return syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
#else
	return syscall(SYS_clone, flags, NULL, ret_pidfd, 0UL, NULL);
#endif
}

pid_t process_clone(const struct process_clone *request, int *ret_pidfd, struct error *e)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = request->flags | CLONE_PIDFD | (request->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* A sibling has the exit signal of this process' own (clone(2), CLONE_PARENT). */
		.exit_signal = request->flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = request->cgroup >= 0 ? (uint64_t)request->cgroup : 0,
	};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	/* Docker's filter, among others, knows no clone3, whose flags it could not read. */
	if (pid < 0 && errno == ENOSYS && request->cgroup < 0)
		pid = clone_plainly(args.flags | args.exit_signal, &pidfd);
	if (pid < 0) {
		error_sys(e, "start a process in new namespaces");
		if (e->sys == EPERM)
			error_hint(e, "user namespaces may be switched off (sysctl kernel.unprivileged_userns_clone user.max_user_namespaces), "
				      "or this is a chroot, where the kernel makes none: enter it by pivot_root instead");
		if (e->sys == ENOSPC)
			error_hint(e, "too many namespaces, or nested too deeply: sysctl user.max_user_namespaces");
		return -1;
	}
	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

pid_t process_clone_bound(int *ret_pidfd, struct error *e)
{
	const struct process_clone request = { .cgroup = -1 };
	pid_t parent = getpid(), pid;
	int pidfd;

	pid = process_clone(&request, &pidfd, e);
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1); /* nobody wants it any more */
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	else if (pid > 0)
		close(pidfd);
	return pid;
}

static int wait_for(int pidfd, int flags, struct process_end *ret, struct error *e)
{
	siginfo_t info = { 0 };

	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | flags))
		if (errno != EINTR)
			return error_sys(e, "wait for a process");
	if (info.si_pid == 0)
		return 0;
	ret->code = info.si_code == CLD_EXITED ? info.si_status : -1;
	ret->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	ret->core = info.si_code == CLD_DUMPED;
	return 1;
}

int process_wait(int pidfd, struct process_end *ret, struct error *e)
{
	return wait_for(pidfd, 0, ret, e) < 0 ? -1 : 0;
}

int process_try_wait(int pidfd, struct process_end *ret, struct error *e)
{
	return wait_for(pidfd, WNOHANG, ret, e);
}

int process_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int process_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0); /* always close-on-exec */
}

/* The field that is so many behind the one at at; NULL where there is none. */
static const char *skip_fields(const char *at, int count)
{
	while (at && count-- > 0) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at;
}

/* One field of /proc/PID/stat, from 3 on, in line; NULL where it is gone. */
static const char *stat_field(pid_t pid, int wanted, char line[static STAT_SIZE])
{
	char path[48];
	ssize_t got;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid); /* always fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	got = read(fd, line, STAT_SIZE - 1);
	close(fd);
	line[got > 0 ? got : 0] = '\0';
	/* Field 2 is the name in parentheses and may hold anything: count from behind its last ")". */
	return skip_fields(strrchr(line, ')'), wanted - 2);
}

int64_t process_start_time(pid_t pid)
{
	char line[STAT_SIZE];
	const char *start = stat_field(pid, 22, line);

	return start ? strtoll(start, NULL, 10) : -1;
}

int process_stat_fields(pid_t pid, uint64_t *ret, int count)
{
	char line[STAT_SIZE];
	const char *at = stat_field(pid, 4, line); /* 3 is a letter */
	char *end;

	for (int field = 4; field < count; field++) {
		if (!at || *at == '\0' || *at == '\n')
			return -1;
		ret[field] = strtoull(at, &end, 10);
		at = *end == ' ' ? end + 1 : end;
	}
	return at ? 0 : -1;
}

/* The first thread has ended, and the process lives on in its others: pthread_exit in main. The kernel counts the first one, too, until
 * somebody has waited for the process. */
static bool has_ended(char state, const char *threads)
{
	return state == 'X' || (state == 'Z' && strtoll(threads, NULL, 10) <= 1);
}

bool process_lives(pid_t pid, int64_t start_time)
{
	char line[STAT_SIZE];
	const char *at = stat_field(pid, 3, line), *threads = at ? skip_fields(at, 20 - 3) : NULL;
	const char *start = threads ? skip_fields(threads, 22 - 20) : NULL;

	return start && !has_ended(*at, threads) && strtoll(start, NULL, 10) == start_time;
}

int process_open_living(pid_t pid, int64_t start_time)
{
	int pidfd = process_open(pid);

	if (pidfd < 0 || process_lives(pid, start_time))
		return pidfd;
	close(pidfd);
	return -1;
}

bool process_is_zombie(pid_t pid)
{
	char line[STAT_SIZE];
	const char *state = stat_field(pid, 3, line), *threads = state ? skip_fields(state, 20 - 3) : NULL;

	return threads && has_ended(*state, threads);
}

int process_keep_only(int at, int *const kept[], size_t count, struct error *e)
{
	int next = at;

	/* First out of each other's way, and only as far as that: the app's limit of descriptors may be low by now. */
	for (size_t i = 0; i < count; i++) {
		int moved = *kept[i] >= at && *kept[i] < at + (int)count ? fcntl(*kept[i], F_DUPFD_CLOEXEC, at + (int)count) : *kept[i];

		if (moved < 0 && *kept[i] >= 0)
			return error_sys(e, "move the descriptors that stay");
		*kept[i] = moved;
	}
	for (size_t i = 0; i < count; i++) {
		if (*kept[i] < 0)
			continue;
		if (dup3(*kept[i], next, O_CLOEXEC) < 0)
			return error_sys(e, "move the descriptors that stay");
		*kept[i] = next++;
	}
	if (syscall(SYS_close_range, (unsigned)next, ~0U, 0))
		return error_sys(e, "close every other descriptor");
	return 0;
}

void process_hide_words(void)
{
	enum { FIRST = 48, END = 49 }; /* fields of /proc/PID/stat, proc(5) */
	uint64_t fields[END + 1] = { 0 };

	if (process_stat_fields(getpid(), fields, END + 1) == 0 && fields[FIRST] && fields[END] > fields[FIRST])
		memset((void *)(uintptr_t)fields[FIRST], 0, fields[END] - fields[FIRST]);
}

int process_most_files(void)
{
	struct rlimit limit = { .rlim_cur = 1024, .rlim_max = 1024 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit it cannot fail */
	}
	return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

void process_title(const char *title)
{
	(void)prctl(PR_SET_NAME, title); /* a wrong title harms nobody */
}
