/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_confine.c - what a process of a network can no longer reach behind its fences, and what it still has to.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "base/sanitized.h"
#include "runtime/network/router/confine.h"

static int folder(const char *path)
{
	(void)mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Nothing that could speak to a service of the host by a path. */
static int sockets(void)
{
	int ends[2];

	if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM || socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 || errno != EPERM)
		return __LINE__;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0 || errno != EPERM)
		return __LINE__;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) || socket(AF_INET, SOCK_STREAM, 0) < 0 ||
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0)
		return __LINE__;
	return 0;
}

/* Itself can be doubled; nothing is in new namespaces, and other processes' limits stay. */
static int processes(void)
{
	const uint64_t spaces[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER | CLONE_NEWNET };
	const struct rlimit none = { 0 };
	struct error e = { 0 };
	int pidfd = -1;
	pid_t pid;

	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		const struct process_clone apart = { .flags = spaces[i], .cgroup = -1 };

		pid = process_clone(&apart, &pidfd, &e);
		if (pid == 0)
			_exit(0);
		if (pid > 0 || e.sys != EPERM)
			return __LINE__;
		error_clear(&e);
	}
	pid = process_clone(&(struct process_clone){ .cgroup = -1 }, &pidfd, &e);
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		return __LINE__;
	if (prlimit(getppid(), RLIMIT_NOFILE, &none, NULL) == 0 || errno != EPERM || prlimit(0, RLIMIT_CORE, &none, NULL))
		return __LINE__;
	return setpriority(PRIO_PROCESS, (id_t)getppid(), 19) == 0 || errno != EPERM ? __LINE__ : 0;
}

/* A descriptor is enough for a lock. */
static bool opens(int folder, const char *name)
{
	return openat(folder, name, O_RDONLY) >= 0 || errno != EACCES;
}

/* Of the folder of all networks: its own folder's removal. What is noted of the host is the keepers', locks are box's. */
static int shared(int networks, int other)
{
	if (openat(networks, "own", O_RDONLY | O_DIRECTORY) < 0 || unlinkat(networks, "own/run", 0) || unlinkat(networks, "own", AT_REMOVEDIR))
		return __LINE__;
	if (opens(networks, ".lock") || opens(networks, ".forwarding") || opens(networks, ".") || opens(networks, "other"))
		return __LINE__;
	if (openat(networks, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600) >= 0 || unlinkat(networks, ".lock", 0) == 0 ||
	    unlinkat(networks, ".forwarding", 0) == 0 || openat(networks, "new", O_RDWR | O_CREAT, 0600) >= 0)
		return __LINE__;
	if (openat(other, "run", O_RDONLY) >= 0 || errno != EACCES || unlinkat(other, "run", 0) == 0 ||
	    openat(other, "new", O_RDWR | O_CREAT, 0600) >= 0 || unlinkat(networks, "other", AT_REMOVEDIR) == 0)
		return __LINE__;
	return 0;
}

/* Its addresses, and what box has put into its folder, which it may clear away but not change. */
static int files(int own, int record, int leases)
{
	if (openat(leases, "note", O_RDWR | O_CREAT | O_TRUNC, 0600) < 0 || renameat(leases, "note", leases, "addresses") ||
	    openat(leases, "addresses", O_RDONLY) < 0 || unlinkat(leases, "addresses", 0))
		return __LINE__;
	if (openat(own, "run", O_RDONLY) < 0 || openat(own, "run", O_WRONLY) >= 0 || errno != EACCES ||
	    openat(own, "new", O_RDWR | O_CREAT, 0600) >= 0 || errno != EACCES || renameat(own, "run", own, "record") == 0)
		return __LINE__;
	if (opens(record, "record") || openat(record, "record", O_WRONLY) >= 0 || unlinkat(record, "record", 0) == 0 || opens(record, ".") ||
	    openat(record, "new", O_RDWR | O_CREAT, 0600) >= 0 || renameat(leases, "../record", leases, "x") == 0)
		return __LINE__;
	return 0;
}

/* The line of what was wrong, or 0. */
static int behind_fences(void)
{
	static char *const nothing[] = { NULL };
	int states = folder("state"), networks = folder("state/.networks"), record = folder("record"), leases = folder("record/leases");
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int own = folder("state/.networks/own"), other = folder("state/.networks/other");
	const struct confine plan = { .files = leases, .own = own, .shared = networks, .has_tcp = true };
	struct error e = { 0 };
	int line;

	if (openat(networks, ".lock", O_RDWR | O_CREAT, 0600) < 0 || openat(networks, ".forwarding", O_RDWR | O_CREAT, 0600) < 0 ||
	    openat(other, "run", O_RDWR | O_CREAT, 0600) < 0 || openat(own, "run", O_RDWR | O_CREAT, 0600) < 0 ||
	    openat(record, "record", O_RDWR | O_CREAT, 0600) < 0)
		return __LINE__;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || confine(&plan, &e))
		return __LINE__;
	line = files(own, record, leases);
	if (line)
		return line;
	/* Names can be asked for, but not listed. */
	if (open("/proc/sys/net/ipv4/ip_forward", O_RDONLY) < 0 || opens(states, ".") || open("state", O_PATH | O_DIRECTORY) < 0 ||
	    faccessat(states, ".networks", F_OK, 0) || open("/proc/self/ns/net", O_RDONLY) < 0)
		return __LINE__;
	line = shared(networks, other);
	if (line)
		return line;
	if (openat(states, "stray", O_RDWR | O_CREAT, 0600) >= 0 || open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return __LINE__;
	if (open("/proc/sys/kernel/core_pattern", O_RDWR) >= 0 || open("/proc/sys/net/ipv4/ip_forward", O_WRONLY) >= 0)
		return __LINE__;
	if (IS_SANITIZED) /* no filter of calls then */
		return 0;
	if (execve("/bin/true", nothing, nothing) == 0 || errno != EPERM || mount("none", "/", "tmpfs", 0, NULL) == 0 || errno != EPERM)
		return __LINE__;
	if (setns(user, CLONE_NEWUSER) == 0 || errno != EPERM || setns(user, 0) == 0 || errno != EPERM)
		return __LINE__;
	if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM || kill(getppid(), 0) == 0 || errno != EPERM)
		return __LINE__;
	if (setns(net, CLONE_NEWNET) == 0 || errno != EPERM || sigqueue(getppid(), 0, (union sigval){ 0 }) == 0 || errno != EPERM)
		return __LINE__;
	line = processes();
	return line ? line : sockets();
}

Test(confine, fences)
{
	char folder_name[] = "/tmp/box-confine-XXXXXX";
	int status;
	pid_t pid;

	cr_assert_not_null(mkdtemp(folder_name));
	cr_assert_eq(chdir(folder_name), 0);
	pid = fork();
	if (pid == 0)
		_exit(behind_fences());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "line %d", status >> 8);
	(void)unlink("record/record");
	(void)rmdir("record/leases");
	(void)rmdir("record");
	(void)unlink("state/.networks/.lock");
	(void)unlink("state/.networks/.forwarding");
	(void)unlink("state/.networks/other/run");
	(void)rmdir("state/.networks/other");
	(void)rmdir("state/.networks");
	(void)rmdir("state");
	cr_expect_eq(rmdir(folder_name), 0);
}
