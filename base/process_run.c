/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_run.c - run a helper program to its end: bounded output, a time limit, no inherited descriptors or environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

enum { OUTPUT_LIMIT = 1 << 20 };

char *process_find(const char *name)
{
	const char *path = getenv("PATH");

	/* What is relative in PATH depends on the folder that box happens to be called in. */
	for (path = path && *path ? path : "/usr/local/bin:/usr/bin:/bin"; *path; path += *path == ':') {
		size_t length = strcspn(path, ":");
		autofree char *program = text_format("%.*s/%s", (int)length, path, name);

		if (program[0] == '/' && access(program, X_OK) == 0)
			return take_ptr(&program);
		path += length;
	}
	return NULL;
}

static const char *path_of(const struct process_run *run)
{
	return run->path ? run->path : run->argv[0];
}

/* The helper's side: ends in execve or _exit. */
static _Noreturn void become(const struct process_run *run, int out, int err)
{
	static char *const nothing[] = { NULL };
	int input = run->input >= 0 ? run->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct error e = { 0 };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a helper does not outlive box */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* Copies above 2 first, so that none of the three lands on another's place. */
	input = fcntl(input, F_DUPFD_CLOEXEC, 3);
	out = fcntl(out, F_DUPFD_CLOEXEC, 3);
	err = fcntl(err, F_DUPFD_CLOEXEC, 3);
	if (input < 0 || dup2(input, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(125);
	(void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < run->keep_count; i++)
		if (fcntl(run->keep[i], F_SETFD, 0))
			_exit(125);
	if (run->prepare && run->prepare(run->data, &e)) {
		(void)write_all(2, e.text, strlen(e.text)); /* the end says that it failed */
		_exit(125);
	}
	execve(path_of(run), run->argv, run->environment ? run->environment : nothing);
	_exit(errno == ENOENT ? 127 : 126);
}

static int start(const struct process_run *run, int out, int err, int *ret_pidfd, struct error *e)
{
	const struct process_clone plain = { .flags = 0, .cgroup = -1 };
	pid_t pid = process_clone(&plain, ret_pidfd, e);

	if (pid == 0)
		become(run, out, err);
	return pid < 0 ? error_in(e, "run %s", path_of(run)) : 0;
}

/* Adds what can be read to text, or lets run hear it; false at the end of file. What is over the limit is read and dropped. */
static bool drain(int fd, struct text *text, const struct process_run *run)
{
	char buffer[8192];
	ssize_t got = read(fd, buffer, sizeof buffer);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (got > 0 && run->hear)
		run->hear(buffer, (size_t)got, run->data);
	else if (got > 0 && text->length + (size_t)got <= OUTPUT_LIMIT)
		text_add_bytes(text, buffer, (size_t)got);
	return got > 0;
}

/* Collects both outputs until both end; -1 when the time is over. */
static int collect(const struct process_run *run, int out, int err, struct text *ret_out, struct text *ret_err)
{
	static const struct process_run quiet = { 0 };
	const struct process_run *hearers[2] = { run, &quiet };
	int timeout_ms = run->timeout_ms;
	struct pollfd polls[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
	struct text *texts[2] = { ret_out, ret_err };
	int64_t end = clock_monotonic_ms() + timeout_ms;

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		int64_t left = timeout_ms ? end - clock_monotonic_ms() : -1;

		if (timeout_ms && left <= 0)
			return -1;
		if (poll(polls, 2, (int)left) < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < 2; i++)
			if (polls[i].fd >= 0 && polls[i].revents && !drain(polls[i].fd, texts[i], hearers[i]))
				polls[i].fd = -1;
	}
	return 0;
}

/* The last line of what a helper said, escaped: its reason. */
static void add_last_line(struct text *reason, struct text *words)
{
	const char *line;

	while (words->length && words->data[words->length - 1] == '\n')
		words->data[--words->length] = '\0';
	if (!words->length)
		return;
	line = strrchr(words->data, '\n');
	line = line ? line + 1 : words->data;
	text_add_escaped(reason, line, strlen(line));
}

static int judge(const struct process_run *run, const struct process_end *end, struct text *words, struct error *e)
{
	autorelease(text) struct text reason = { 0 };

	if (end->code == 0)
		return 0;
	add_last_line(&reason, words);
	if (end->signal)
		return error_set(e, ERROR_KERNEL, "run %s: ended by signal %d%s%s", path_of(run), end->signal,
				 reason.length ? ": " : "", reason.length ? reason.data : "");
	return error_set(e, ERROR_KERNEL, "run %s: exit code %d%s%s", path_of(run), end->code,
			 reason.length ? ": " : "", reason.length ? reason.data : "");
}

/* A program that runs. */
struct process_job {
	int out, err, pidfd;
};
#define PROCESS_JOB_NONE ((struct process_job){ -1, -1, -1 })

static void release(struct process_job *job)
{
	int *fds[] = { &job->out, &job->err, &job->pidfd };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
}

static int begin(const struct process_run *run, struct process_job *ret, struct error *e)
{
	int out_ends[2] = { -1, -1 }, err_ends[2] = { -1, -1 }, started;
	struct process_job job = PROCESS_JOB_NONE;

	if (pipe2(out_ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for %s", path_of(run));
	job.out = out_ends[0];
	if (pipe2(err_ends, O_CLOEXEC)) {
		error_sys(e, "make a pipe for %s", path_of(run));
		close(out_ends[1]);
		release(&job);
		return -1;
	}
	job.err = err_ends[0];
	started = start(run, out_ends[1], err_ends[1], &job.pidfd, e);
	close(out_ends[1]);
	close(err_ends[1]);
	if (started) {
		release(&job);
		return -1;
	}
	*ret = job;
	return 0;
}

static int finish(const struct process_run *run, struct process_job *job, struct text *out, struct error *e)
{
	autorelease(text) struct text said = { 0 };
	autorelease(text) struct text words = { 0 };
	struct process_end end;
	int timed_out = collect(run, job->out, job->err, &said, &words), failed;

	if (timed_out)
		(void)process_signal(job->pidfd, SIGKILL); /* it may have ended by itself just now */
	failed = process_wait(job->pidfd, &end, e);
	release(job);
	if (failed)
		return error_in(e, "run %s", path_of(run));
	if (timed_out)
		return error_set(e, ERROR_KERNEL, "run %s: no end after %d ms, killed", path_of(run), run->timeout_ms);
	if (out)
		text_add_bytes(out, said.data ? said.data : "", said.length);
	return judge(run, &end, &words, e);
}

int process_run(const struct process_run *run, struct text *out, struct error *e)
{
	struct process_job job;

	return begin(run, &job, e) ? -1 : finish(run, &job, out, e);
}
