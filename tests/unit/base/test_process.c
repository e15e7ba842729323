/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_process.c - processes held by pidfd, and helper programs with their bounds.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

static const struct process_clone plain = { .cgroup = -1 };
static char shell[] = "/bin/sh", dash_c[] = "-c";

Test(process, lives_by_its_start_time_and_until_its_end)
{
	struct process_end end;
	struct error e = { 0 };
	uint64_t fields[23] = { 0 };
	int pidfd = -1;
	pid_t pid = process_clone(&plain, &pidfd, &e);
	int64_t start;

	if (pid == 0)
		for (;;)
			pause();
	cr_assert(pid > 0, "%s", e.text);
	start = process_start_time(pid);
	cr_expect(process_lives(pid, start));
	cr_expect_not(process_lives(pid, start + 1));
	cr_assert_eq(process_stat_fields(pid, fields, 23), 0);
	cr_expect_eq(fields[4], getpid());
	cr_expect_eq(fields[22], start);
	cr_assert_eq(process_signal(pidfd, SIGKILL), 0);
	while (!process_is_zombie(pid))
		usleep(1000);
	cr_expect_not(process_lives(pid, start));
	cr_assert_eq(process_wait(pidfd, &end, &e), 0, "%s", e.text);
	cr_expect_not(process_lives(pid, start));
	cr_expect_eq(process_stat_fields(pid, fields, 23), -1);
	close(pidfd);
}

static void *wait_on(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

Test(process, lives_on_when_its_first_thread_has_ended)
{
	char path[40], line[512] = "";
	struct process_end end;
	struct error e = { 0 };
	int pidfd = -1;
	pid_t pid = process_clone(&plain, &pidfd, &e);
	pthread_t thread;

	if (pid == 0) {
		(void)pthread_create(&thread, NULL, wait_on, NULL);
		pthread_exit(NULL);
	}
	cr_assert(pid > 0, "%s", e.text);
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	while (!strstr(line, ") Z ")) {
		FILE *file = fopen(path, "re");

		cr_assert(file && fgets(line, sizeof line, file));
		(void)fclose(file);
		usleep(1000);
	}
	cr_expect(process_lives(pid, process_start_time(pid)));
	cr_expect_not(process_is_zombie(pid));
	cr_assert_eq(process_signal(pidfd, SIGKILL), 0);
	while (!process_is_zombie(pid))
		usleep(1000);
	cr_expect_not(process_lives(pid, process_start_time(pid)));
	cr_assert_eq(process_wait(pidfd, &end, &e), 0, "%s", e.text);
	close(pidfd);
}

Test(process, clone_and_wait)
{
	struct process_end end;
	struct error e = { 0 };
	int pidfd = -1;
	pid_t pid = process_clone(&plain, &pidfd, &e);

	if (pid == 0)
		_exit(42);
	cr_assert(pid > 0, "%s", e.text);
	cr_expect(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(process_wait(pidfd, &end, &e), 0, "%s", e.text);
	cr_expect_eq(end.code, 42);
	cr_expect_eq(end.signal, 0);
	close(pidfd);
}

Test(process, signal_and_wait)
{
	struct process_end end;
	struct error e = { 0 };
	int pidfd = -1;
	pid_t pid = process_clone(&plain, &pidfd, &e);

	if (pid == 0)
		for (;;)
			pause();
	cr_assert_eq(process_signal(pidfd, SIGKILL), 0);
	cr_assert_eq(process_wait(pidfd, &end, &e), 0);
	cr_expect_eq(end.code, -1);
	cr_expect_eq(end.signal, SIGKILL);
	cr_expect_eq(process_signal(pidfd, SIGTERM), -1);
	cr_expect_eq(errno, ESRCH);
	close(pidfd);
}

Test(process, clone_makes_namespaces)
{
	const struct process_clone request = { .flags = CLONE_NEWUSER | CLONE_NEWPID, .cgroup = -1 };
	struct process_end end;
	struct error e = { 0 };
	int pidfd = -1;
	pid_t pid = process_clone(&request, &pidfd, &e);

	if (pid == 0)
		_exit(getpid() == 1 ? 0 : 1);
	if (pid < 0 && (e.sys == EPERM || e.sys == ENOSPC)) {
		cr_expect(e.hint[0], "no hint with %s", e.text);
		cr_skip_test("no user namespaces here: %s", e.text);
	}
	cr_assert(pid > 0, "%s", e.text);
	cr_assert_eq(process_wait(pidfd, &end, &e), 0);
	cr_expect_eq(end.code, 0, "the child is not process 1 of a namespace of its own");
	close(pidfd);
}

Test(process, start_time_names_a_process)
{
	int64_t mine = process_start_time(getpid());

	cr_expect(mine > 0);
	cr_expect_eq(process_start_time(getpid()), mine);
	cr_expect_eq(process_start_time(0x7ffffff0), -1);
	/* The name is in parentheses and may look like anything. */
	process_title("a) R 1 2 3 (b");
	cr_expect_eq(process_start_time(getpid()), mine);
}

Test(process, open_by_pid)
{
	int fd = process_open(getpid());

	cr_expect(fd >= 0);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	cr_expect_eq(process_open(0x7ffffff0), -1);
	cr_expect_eq(errno, ESRCH);
}

/* Runs a shell script as a helper. */
static int run_script(const char *script, int timeout_ms, struct text *out, struct error *e)
{
	static char word[] = "WORD=given", path[] = "PATH=/usr/bin:/bin";
	autofree char *copy = strdup(script);
	char *const argv[] = { shell, dash_c, copy, NULL };
	char *const environment[] = { word, path, NULL };
	const struct process_run run = { .argv = argv, .environment = environment, .input = -1, .timeout_ms = timeout_ms };

	return process_run(&run, out, e);
}

Test(process, run_collects_stdout)
{
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };

	text_add(&out, "> ");
	cr_assert_eq(run_script("echo $WORD; echo noise >&2; cat", 5000, &out, &e), 0, "%s", e.text);
	cr_expect_str_eq(out.data, "> given\n");
	cr_expect_eq(run_script("echo dropped", 5000, NULL, &e), 0);
}

Test(process, run_reports_the_last_words)
{
	struct error e = { 0 };

	cr_assert_eq(run_script("echo first >&2; printf 'the reason\\033[31m\\n' >&2; exit 3", 5000, NULL, &e), -1);
	cr_expect(strstr(e.text, "/bin/sh"), "%s", e.text);
	cr_expect(strstr(e.text, "exit code 3"), "%s", e.text);
	cr_expect(strstr(e.text, "the reason\\x1b[31m"), "%s", e.text);
	cr_expect_not(strstr(e.text, "first"), "%s", e.text);
	cr_assert_eq(run_script("kill -SEGV $$", 5000, NULL, &e), -1);
	cr_expect(strstr(e.text, "signal"), "%s", e.text);
}

Test(process, run_ends_in_time, .timeout = 20)
{
	struct timespec start, now;
	struct error e = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &start);
	cr_assert_eq(run_script("exec sleep 15", 200, NULL, &e), -1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	cr_expect(now.tv_sec - start.tv_sec < 5);
	cr_expect(strstr(e.text, "200 ms"), "%s", e.text);
}

Test(process, run_bounds_the_output, .timeout = 20)
{
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };

	cr_expect_eq(run_script("head -c 3000000 /dev/zero", 10000, &out, &e), 0, "%s", e.text);
	cr_expect(out.length <= 1 << 20, "%zu bytes were kept", out.length);
}

Test(process, run_inherits_nothing_but_what_is_kept)
{
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };
	int open_one = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a careless caller leaves it */
	int kept = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char script[] = "ls -l /proc/self/fd; set";
	char *const argv[] = { shell, dash_c, script, NULL };
	const struct process_run run = { .argv = argv, .input = -1, .keep = &kept, .keep_count = 1, .timeout_ms = 5000 };

	cr_assert_eq(setenv("LEAK_OF_ENVIRONMENT", "1", 1), 0);
	cr_assert_eq(process_run(&run, &out, &e), 0, "%s", e.text);
	cr_expect(strstr(out.data, "/dev/zero"), "the kept descriptor is missing:\n%s", out.data);
	for (int fd = 3; fd < 10; fd++) {
		char line[40];

		(void)snprintf(line, sizeof(line), " %d -> /dev/null", fd);
		cr_expect_not(strstr(out.data, line), "descriptor %d leaked:\n%s", fd, out.data);
	}
	cr_expect_not(strstr(out.data, "LEAK_OF_ENVIRONMENT"));
	close(open_one);
	close(kept);
}

Test(process, run_missing_program)
{
	char missing[] = "/no/such/helper";
	char *const argv[] = { missing, NULL };
	const struct process_run run = { .argv = argv, .input = -1, .timeout_ms = 5000 };
	struct error e = { 0 };

	cr_expect_eq(process_run(&run, NULL, &e), -1);
	cr_expect(strstr(e.text, "/no/such/helper"), "%s", e.text);
}

Test(process, run_leaves_no_zombie)
{
	struct error e = { 0 };
	siginfo_t info;

	(void)run_script("exit 1", 5000, NULL, &e);
	(void)run_script("exec sleep 9", 50, NULL, &e);
	cr_expect_eq(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1, "a child is left");
	cr_expect_eq(errno, ECHILD);
}

/* Descriptors that stand on each other's new places: the case that once clobbered one of them. */
Test(process, what_stays_is_moved_without_stepping_on_each_other)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int first = 4, second = 3;
		struct error e = { 0 };
		struct stat one, two, now;

		if (dup2(open("/dev/null", O_RDONLY), 4) != 4 || dup2(open("/dev/zero", O_RDONLY), 3) != 3 || fstat(4, &one) ||
		    fstat(3, &two) || process_keep_only(3, (int *[]){ &first, &second }, 2, &e))
			_exit(1);
		if (first != 3 || second != 4 || fstat(3, &now) || now.st_rdev != one.st_rdev || fstat(4, &now) || now.st_rdev != two.st_rdev)
			_exit(2);
		if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || fcntl(5, F_GETFD) >= 0 || fcntl(16, F_GETFD) >= 0)
			_exit(3);
		second = -1;
		_exit(process_keep_only(3, (int *[]){ &first, &second }, 2, &e) || first != 3 || fcntl(4, F_GETFD) >= 0 ? 4 : 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

Test(process, find_looks_through_path)
{
	autofree char *found = NULL, *nothing = NULL;

	cr_assert_eq(setenv("PATH", "bin:.:/no/such/folder:/bin", 1), 0);
	cr_assert_eq(chdir("/"), 0);
	found = process_find("sh");
	cr_assert_not_null(found);
	cr_expect_str_eq(found, "/bin/sh", "a relative folder of PATH depends on where box is called");
	nothing = process_find("no-such-program");
	cr_expect_null(nothing);
}
