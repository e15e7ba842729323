/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_killed.c - a log writer is killed, and nothing of what the app wrote is lost or there twice.
 *
 * Killed at each entry and exit of a system call, at instructions all over its life, and at random while an app writes as fast as it can.
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>

#include "tests/unit/runtime/log_fixture.h"

enum { KILLS = 1000, CASES = 8 };

/* What the app has written when the writer begins; lengths around that of a nonce. */
static const struct {
	const char *bytes;
	size_t length;
} contents[CASES] = {
	{ "\n", 1 },
	{ "x", 1 },
	{ "ok\n", 3 },
	{ "seven \n", 7 },
	{ "eight !\n", 8 },
	{ "\xff\x00\x01\n..\n", 7 },
	{ "first\nsecond\nthird without its end", 34 },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789\n\nanother\n", 80 },
};

static void end(pid_t pid)
{
	int status;

	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status), "it ended by itself");
}

static pid_t start_traced(const struct fixture *f)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
		(void)raise(SIGSTOP);
		fixture_live(f);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSTOPPED(status), "this process cannot trace its child");
	(void)ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	return pid;
}

/* Lets it go on for count steps of one kind; false where it came to its end before. */
static bool go_on(pid_t pid, int how, long count)
{
	int status = 0;

	for (long i = 0; i < count; i++) {
		cr_assert_eq(ptrace(how, pid, 0, 0), 0);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			cr_assert_eq(WEXITSTATUS(status), 0);
			return false;
		}
	}
	return true;
}

/* One writer comes to its end, one is killed at an entry or exit of a system call or so many instructions behind it, and the last one
 * finishes. False: the second one was not killed. */
static bool try_kill(size_t n, long calls, long instructions)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	autorelease(text) struct text all = { 0 };
	bool is_killed;
	pid_t pid;

	fixture_say(&f, "before\n");
	fixture_live(&f);
	fixture_write(&f, LOG_STDOUT, contents[n].bytes, contents[n].length);
	pid = start_traced(&f);
	is_killed = go_on(pid, PTRACE_SYSCALL, calls) && go_on(pid, PTRACE_SINGLESTEP, instructions);
	if (is_killed)
		end(pid);
	fixture_live(&f);
	text_add(&all, "before\n");
	text_add_bytes(&all, contents[n].bytes, contents[n].length);
	if (all.data[all.length - 1] != '\n')
		text_add(&all, "\n");
	fixture_expect(&f, LOG_STDOUT, all.data, all.length);
	for (int i = 0; i < LOG_STREAMS; i++)
		close(f.fifos[i]);
	return is_killed;
}

Test(log_killed, at_every_system_call, .timeout = 60)
{
	for (size_t n = 0; n < CASES; n++) {
		long count = 1;

		while (try_kill(n, count, 0))
			count++;
		cr_expect_gt(count, 40, "few system calls: %ld", count);
	}
}

/* Somewhere else each time. */
Test(log_killed, between_system_calls, .timeout = 120)
{
	srandom((unsigned)time(NULL));
	for (size_t n = 0; n < CASES; n++)
		for (long count = 1; try_kill(n, count, 1 + random() % 200); count++)
			;
}

static volatile sig_atomic_t is_over;

static void finish(int signal)
{
	(void)signal;
	is_over = 1;
}

/* The app: numbered lines of different lengths into both streams, as fast as they are taken, until SIGTERM; no line is cut then. */
static _Noreturn void write_lines(const struct fixture *f)
{
	static char lines[1 << 16];
	struct text all = { .data = lines, .capacity = sizeof lines };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGTERM, finish);
	for (int i = 0; i < LOG_STREAMS; i++)
		(void)fcntl(f->fifos[i], F_SETFL, 0);
	for (unsigned long n = 0;; n++) {
		text_addf(&all, "%lu %.*s\n", n, (int)(n * 7 % 150), "................................................................................"
								  "......................................................................");
		if (n % 50 == 49) {
			(void)write_all(f->fifos[n / 50 % 5 ? LOG_STDOUT : LOG_STDERR], all.data, all.length);
			text_clear(&all);
			if (is_over)
				_exit(0);
		}
	}
}

static _Noreturn void supervise(const struct fixture *f)
{
	struct pollfd polls[LOG_STREAMS] = { { f->fifos[0], POLLIN, 0 }, { f->fifos[1], POLLIN, 0 } };
	struct error e = { 0 };
	struct log log;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log_open(&log, f->folder, f->folder, &f->setup, &e))
		_exit(1);
	for (;;) {
		(void)poll(polls, LOG_STREAMS, -1);
		for (int i = 0; i < LOG_STREAMS; i++)
			if (polls[i].revents)
				(void)log_take(&log, (enum log_stream)i, f->fifos[i]);
	}
}

static pid_t start(const struct fixture *f, void (*life)(const struct fixture *))
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0)
		life(f);
	return pid;
}

/* Both streams' numbers follow each other: 0 to 49 of five blocks go to stderr, the others to stdout. *at: the next. */
static void check_lines(const struct text *lines, enum log_stream stream, unsigned long *at)
{
	const char *line = lines->data;

	while (line && *line) {
		char *rest;
		unsigned long n = strtoul(line, &rest, 10);
		const char *newline = strchr(line, '\n');

		while ((*at / 50 % 5 ? LOG_STDOUT : LOG_STDERR) != stream)
			++*at;
		cr_assert_eq(n, *at, "line %lu in the place of %lu", n, *at);
		cr_assert_eq((size_t)(newline - rest), 1 + n * 7 % 150, "line %lu has another length", n);
		++*at;
		line = newline + 1;
	}
}

/* Checks the files that are complete, and removes them. */
static void check_files(const struct fixture *f, unsigned *first, bool is_end, unsigned long at[static LOG_STREAMS])
{
	for (;; ++*first) {
		autofree char *name = text_format("%u", *first), *next = text_format("%u", *first + 1);
		struct text lines[LOG_STREAMS] = { { 0 } };

		if (faccessat(f->folder, is_end ? name : next, F_OK, 0))
			return;
		for (int i = 0; i < LOG_STREAMS; i++) {
			cr_assert(fixture_read_file(f->folder, *first, (enum log_stream)i, &lines[i]));
			check_lines(&lines[i], (enum log_stream)i, &at[i]);
			text_release(&lines[i]);
		}
		cr_assert_eq(unlinkat(f->folder, name, 0), 0);
	}
}

Test(log_killed, again_and_again_at_full_speed, .timeout = 300)
{
	SCRATCH();
	struct fixture f = fixture_make(scratch);
	unsigned long at[LOG_STREAMS] = { 0 };
	unsigned first = 1;
	pid_t app = start(&f, write_lines), pid;
	int status;

	srandom((unsigned)time(NULL));
	for (int i = 0; i < KILLS; i++) {
		struct timespec while_it_lives = { .tv_nsec = random() % 2500000 };

		pid = start(&f, supervise);
		(void)nanosleep(&while_it_lives, NULL);
		end(pid);
		check_files(&f, &first, false, at);
	}
	pid = start(&f, supervise); /* it takes what the app still has to say */
	cr_assert_eq(kill(app, SIGTERM), 0);
	cr_assert_eq(waitpid(app, &status, 0), app);
	cr_expect(WIFEXITED(status), "the app was ended");
	end(pid);
	fixture_live(&f);
	check_files(&f, &first, true, at);
	cr_log_info("%lu lines", at[0] + at[1]);
	cr_expect_gt(at[0], 10000u);
}
