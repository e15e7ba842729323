/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - what a program inside a container sees and may do, as lines "key value".
 *
 *     probe WORD [ARGUMENT…]        probe: the list of words
 *
 * One static program that system tests put into their root folders, so that a test depends on no shell or tool of an image.
 * It exits with 0 unless the word says otherwise. A call's answer is written as "ok" or as errno's name. Words that try something
 * forbidden use arguments that do no harm where it is allowed after all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/probe_calls.h"
#include "tests/system/probe_serve.h"

/* Facts about the process */

static int print_status(const char *const *keys)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[4096];

	while (file && fgets(line, sizeof line, file)) {
		for (const char *const *key = keys; *key; key++) {
			size_t length = strlen(*key);

			if (strncmp(line, *key, length) == 0 && line[length] == ':')
				printf("%s %s", *key, line + length + 1 + strspn(line + length + 1, " \t"));
		}
	}
	return file ? fclose(file) : 1;
}

static int word_caps(char **arguments)
{
	static const char *const keys[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", NULL };

	(void)arguments;
	printf("securebits %#x\n", (unsigned)prctl(PR_GET_SECUREBITS));
	return print_status(keys);
}

static int word_security(char **arguments)
{
	static const char *const keys[] = { "NoNewPrivs", "Seccomp", "Seccomp_filters", NULL };

	(void)arguments;
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	return print_status(keys);
}

static int print_file(const char *key, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[8192];

	if (!file) {
		printf("%s %s\n", key, answer(-1));
		return 0;
	}
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		printf("%s %s\n", key, line + strspn(line, " "));
	}
	return fclose(file);
}

static int word_ids(char **arguments)
{
	uid_t uid, effective, saved;
	gid_t gid, effective_gid, saved_gid, groups[1024];
	int count = getgroups(1024, groups);

	(void)arguments;
	(void)getresuid(&uid, &effective, &saved);
	(void)getresgid(&gid, &effective_gid, &saved_gid);
	printf("uid %u %u %u\ngid %u %u %u\ngroups", uid, effective, saved, gid, effective_gid, saved_gid);
	for (int i = 0; i < count; i++)
		printf(" %u", groups[i]);
	printf("\npid %d\nppid %d\nsid %d\npgid %d\n", getpid(), getppid(), getsid(0), getpgrp());
	printf("setuid0 %s\n", answer(setuid(0)));
	printf("setgroups %s\n", answer(setgroups(0, NULL)));
	(void)print_file("setgroups_file", "/proc/self/setgroups");
	(void)print_file("uid_map", "/proc/self/uid_map");
	return print_file("gid_map", "/proc/self/gid_map");
}

static int print_links(const char *key, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	char target[4096];
	ssize_t length;

	if (!folder)
		return 1;
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || (strcmp(key, "fd") == 0 && number(entry->d_name) == dirfd(folder)))
			continue;
		length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
		if (length >= 0)
			printf("%s.%s %.*s\n", key, entry->d_name, (int)length, target);
	}
	return closedir(folder);
}

static int word_fds(char **arguments)
{
	(void)arguments;
	return print_links("fd", "/proc/self/fd");
}

static int word_namespaces(char **arguments)
{
	(void)arguments;
	return print_links("ns", "/proc/self/ns");
}

static int word_mounts(char **arguments)
{
	(void)arguments;
	return print_file("mount", "/proc/self/mountinfo");
}

static int word_environment(char **arguments)
{
	char cwd[4096], host[256] = "";

	(void)arguments;
	for (char **entry = environ; *entry; entry++)
		printf("env %s\n", *entry);
	(void)gethostname(host, sizeof host);
	printf("cwd %s\nhostname %s\n", getcwd(cwd, sizeof cwd) ? cwd : answer(-1), host);
	return 0;
}

static int word_limits(char **arguments)
{
	(void)arguments;
	return print_file("limit", "/proc/self/limits");
}

static int word_signals(char **arguments)
{
	static const char *const keys[] = { "SigBlk", "SigIgn", "SigCgt", "SigPnd", NULL };

	(void)arguments;
	return print_status(keys);
}

static int word_terminal(char **arguments)
{
	struct winsize size = { 0 };

	(void)arguments;
	for (int fd = 0; fd < 3; fd++)
		printf("tty.%d %s\n", fd, isatty(fd) ? ttyname(fd) ? ttyname(fd) : "yes" : "no");
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("size %dx%d\n", size.ws_col, size.ws_row);
	return 0;
}

/* Files */

static int word_read(char **arguments)
{
	char buffer[4096];
	int fd = open(arguments[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);

	printf("read %s\nbytes %zd\n", answer(got), got);
	if (got > 0)
		printf("data %.*s\n", (int)got, buffer);
	return got < 0;
}

static int word_write(char **arguments)
{
	const char *text = arguments[1] ? arguments[1] : "";
	int fd = open(arguments[0], O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	ssize_t done = fd < 0 ? -1 : write(fd, text, strlen(text));

	printf("write %s\n", answer(done));
	return done < 0;
}

/* Opens for writing what is there: /dev/stdout, devices, masked files. */
static int word_open(char **arguments)
{
	for (; *arguments; arguments++) {
		int fd = open(*arguments, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		printf("open.%s %s\n", *arguments, answer(fd));
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static int word_stat(char **arguments)
{
	struct stat st;

	for (; *arguments; arguments++) {
		if (lstat(*arguments, &st))
			printf("stat.%s %s\n", *arguments, answer(-1));
		else
			printf("stat.%s %04o %u:%u %o %lld %u:%u\n", *arguments, st.st_mode & 07777, st.st_uid,
			       st.st_gid, st.st_mode >> 12, (long long)st.st_size, major(st.st_rdev),
			       minor(st.st_rdev));
	}
	return 0;
}

static int word_mknod(char **arguments)
{
	const char *path = arguments[0] ? arguments[0] : "/tmp/node";

	printf("mknod.block %s\n", answer(mknod(path, S_IFBLK | 0600, makedev(8, 0))));
	(void)unlink(path);
	printf("mknod.char %s\n", answer(mknod(path, S_IFCHR | 0600, makedev(1, 5))));
	(void)unlink(path);
	printf("mknod.fifo %s\n", answer(mknod(path, S_IFIFO | 0600, 0)));
	return unlink(path);
}

static int word_exec(char **arguments)
{
	execv(arguments[0], arguments);
	printf("exec %s\n", answer(-1));
	return 1;
}

/* Resources */

/* Touches every page, then waits where a second argument says how many seconds. */
static int word_memory(char **arguments)
{
	size_t bytes = (size_t)number(arguments[0]) << 20;
	volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		printf("memory %s\n", answer(-1));
		return 1;
	}
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	printf("memory ok\n");
	(void)fflush(stdout);
	(void)sleep((unsigned)number(arguments[0] && arguments[1] ? arguments[1] : NULL));
	return 0;
}

/* Forks until it is refused, at most so often; the children wait for their parent's end. */
static int word_forks(char **arguments)
{
	long limit = arguments[0] ? number(arguments[0]) : 10000, count = 0;
	pid_t pid = 0;

	while (count < limit && (pid = fork()) > 0)
		count++;
	if (pid == 0 && count < limit) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	printf("forks %ld\nlast %s\n", count, answer(pid));
	return 0;
}

static int64_t now_us(clockid_t clock)
{
	struct timespec time;

	(void)clock_gettime(clock, &time);
	return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

/* Spins for so many milliseconds of wall time and says how much cpu time it got. */
static int word_busy(char **arguments)
{
	int64_t start = now_us(CLOCK_MONOTONIC), end = start + number(arguments[0]) * 1000;
	int64_t cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);

	while (now_us(CLOCK_MONOTONIC) < end)
		;
	printf("wall_us %lld\ncpu_us %lld\n", (long long)(now_us(CLOCK_MONOTONIC) - start),
	       (long long)(now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu));
	return 0;
}

static void *thread(void *argument)
{
	return argument;
}

static int word_thread(char **arguments)
{
	pthread_t id;
	int sys = pthread_create(&id, NULL, thread, NULL);

	(void)arguments;
	if (sys == 0)
		sys = pthread_join(id, NULL);
	errno = sys;
	printf("thread %s\n", answer(sys ? -1 : 0));
	return sys != 0;
}

static void *work_on(void *argument)
{
	(void)argument;
	printf("goes on\n");
	(void)fflush(stdout);
	for (;;)
		pause();
	return NULL;
}

/* The first thread ends, and the process does not. */
static int word_headless(char **arguments)
{
	pthread_t id;

	(void)arguments;
	if (pthread_create(&id, NULL, work_on, NULL))
		return 1;
	pthread_exit(NULL);
}

/* Prints each signal that comes, until the time (seconds) is over or SIGTERM came. */
static int word_wait(char **arguments)
{
	struct timespec rest = { .tv_sec = number(arguments[0]) };
	sigset_t all;
	int signal;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	printf("ready %d\n", getpid());
	(void)fflush(stdout);
	while ((signal = sigtimedwait(&all, NULL, &rest)) > 0) {
		printf("signal %d\n", signal);
		(void)fflush(stdout);
		if (signal == SIGTERM)
			return 0;
	}
	return 3;
}

static int word_exit(char **arguments)
{
	return (int)number(arguments[0]);
}

static int word_kill(char **arguments)
{
	return kill(number(arguments[1]) ? (pid_t)number(arguments[1]) : getpid(), (int)number(arguments[0]));
}

/* Whether a key of the caller's keyrings is to be found: request_key(2). */
static int word_key(char **arguments)
{
	long key = syscall(SYS_request_key, "user", arguments[0], NULL, 0);

	(void)printf("key %s\n", key > 0 ? "found" : "missing");
	return 0;
}

/* What the kernel does with this process' cpu, memory and disk time, and with its clocks. */
static int word_scheduling(char **arguments)
{
	enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };
	unsigned long nodes[16] = { 0 };
	struct sched_param parameters = { 0 };
	struct utsname name;
	int mode = -1, io = (int)syscall(SYS_ioprio_get, WHO_PROCESS, 0);
	long memory = syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, NULL, 0);

	(void)arguments;
	(void)sched_getparam(0, &parameters);
	printf("policy %#x\npriority %d\nnice %d\n", (unsigned)sched_getscheduler(0), parameters.sched_priority, getpriority(PRIO_PROCESS, 0));
	printf("io %d.%d\n", io >> CLASS_SHIFT, io & 7);
	printf("memory %s\n", answer(memory));
	printf("mode %#x\nnodes %#lx\n", (unsigned)mode, nodes[0]);
	printf("personality %#x\nmachine %s\n", (unsigned)personality(0xffffffff), uname(&name) ? answer(-1) : name.machine);
	printf("monotonic %lld\nboottime %lld\n", (long long)(now_us(CLOCK_MONOTONIC) / 1000000), (long long)(now_us(CLOCK_BOOTTIME) / 1000000));
	(void)print_file("offset", "/proc/self/timens_offsets");
	(void)print_file("oom", "/proc/self/oom_score_adj");
	return print_status((const char *const[]){ "Cpus_allowed_list", "Mems_allowed_list", NULL });
}

static const struct {
	const char *name;
	int (*run)(char **arguments);
	int needed; /* how many arguments it cannot do without */
} words[] = {
	{ "caps", word_caps, 0 },
	{ "security", word_security, 0 },
	{ "ids", word_ids, 0 },
	{ "fds", word_fds, 0 },
	{ "namespaces", word_namespaces, 0 },
	{ "mounts", word_mounts, 0 },
	{ "environment", word_environment, 0 },
	{ "limits", word_limits, 0 },
	{ "signals", word_signals, 0 },
	{ "terminal", word_terminal, 0 },
	{ "read", word_read, 1 },
	{ "serve", word_serve, 2 },
	{ "write", word_write, 1 },
	{ "open", word_open, 1 },
	{ "stat", word_stat, 1 },
	{ "mknod", word_mknod, 0 },
	{ "exec", word_exec, 1 },
	{ "memory", word_memory, 1 },
	{ "forks", word_forks, 0 },
	{ "busy", word_busy, 1 },
	{ "thread", word_thread, 0 },
	{ "headless", word_headless, 0 },
	{ "scheduling", word_scheduling, 0 },
	{ "wait", word_wait, 1 },
	{ "exit", word_exit, 1 },
	{ "kill", word_kill, 1 },
	{ "syscalls", word_syscalls, 0 },
	{ "call", word_call, 1 },
	{ "tiocsti", word_tiocsti, 0 },
	{ "sockets", word_sockets, 0 },
	{ "keys", word_keys, 0 },
	{ "key", word_key, 1 },
	{ "unshare", word_unshare, 0 },
	{ "mount", word_mount, 0 },
};

int main(int count, char **arguments)
{
	for (size_t i = 0; count > 1 && i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i].name, arguments[1]) == 0 && count - 2 >= words[i].needed)
			return words[i].run(arguments + 2);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		(void)fprintf(stderr, "%s%s", i ? " " : "probe: ", words[i].name);
	(void)fputc('\n', stderr);
	return 2;
}
