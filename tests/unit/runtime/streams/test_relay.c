/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_relay.c - the relay with forked processes for apps: streams, ends, signals, and what may not make it wait.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/streams/relay.h"

/* This process stands for box: its own stdin, stdout and stderr are pipes whose other ends the tests hold. */
static int to_box, from_box, errors_of_box;
static struct relay relay;
static struct process_end end_of_app;
static struct error error;

static int replace(int fd, bool is_input)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(dup2(ends[is_input ? 0 : 1], fd), fd);
	close(ends[is_input ? 0 : 1]);
	return ends[is_input ? 1 : 0];
}

static void begin(void)
{
	to_box = replace(STDIN_FILENO, true);
	from_box = replace(STDOUT_FILENO, false);
	errors_of_box = replace(STDERR_FILENO, false);
}

TestSuite(relay, .init = begin, .timeout = 30);

typedef void app_function(void);

/* Starts app with pipes as its streams, as streams.c makes them. */
static void on_signal(int number)
{
	_exit(100 + number);
}

static void app_waits_for_signals(void)
{
	for (;;)
		(void)pause();
}

static void catch_signals(void)
{
	static const int some[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		(void)signal(some[i], on_signal);
}

static void start(app_function *app, bool has_stdin, unsigned long flags)
{
	const struct process_clone request = { .flags = flags, .cgroup = -1 };
	int in[2] = { -1, -1 }, out[2], err[2];
	sigset_t none;
	pid_t pid;

	cr_assert_eq(pipe2(out, O_CLOEXEC) + pipe2(err, O_CLOEXEC) + (has_stdin ? pipe2(in, O_CLOEXEC) : 0), 0);
	relay_signals_block();
	relay = (struct relay){ .app_stdin = in[1], .app_stdout = out[0], .app_stderr = err[0], .terminal = -1 };
	pid = process_clone(&request, &relay.pidfd, &error);
	cr_assert_geq(pid, 0, "%s", error.text);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 1; i < 64; i++)
			(void)signal(i, SIG_DFL);
		if (app == app_waits_for_signals) /* before one is let through: on a busy machine it comes early */
			catch_signals();
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)dup2(has_stdin ? in[0] : open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
		(void)dup2(out[1], 1);
		(void)dup2(err[1], 2);
		(void)close_range(3, ~0U, 0);
		app();
		_exit(0);
	}
	close(out[1]);
	close(err[1]);
	if (has_stdin)
		close(in[0]);
}

static void run(void)
{
	cr_assert_eq(relay_run(&relay, &end_of_app, &error), 0, "%s", error.text);
	close(relay.pidfd);
}

/* All that came out of box by fd; box's own end is closed first. */
static const char *output_of(int own, int other)
{
	static struct text texts[2];
	struct text *text = &texts[own == STDERR_FILENO];
	struct error e = { 0 };

	close(own);
	text_clear(text);
	cr_assert_eq(file_read_fd(other, "output", 64 << 20, text, &e), 0, "%s", e.text);
	return text->data ? text->data : "";
}

static void say(int fd, const char *words)
{
	if (write_all(fd, words, strlen(words)))
		_exit(99);
}

static void app_speaks(void)
{
	say(1, "to stdout\n");
	say(2, "to stderr\n");
	_exit(7);
}

Test(relay, both_streams_and_the_exit_code)
{
	start(app_speaks, false, 0);
	run();
	cr_expect_eq(end_of_app.code, 7);
	cr_expect_eq(end_of_app.signal, 0);
	cr_expect_str_eq(output_of(STDOUT_FILENO, from_box), "to stdout\n");
	cr_expect_str_eq(output_of(STDERR_FILENO, errors_of_box), "to stderr\n");
	cr_expect_eq(relay.app_stdout, -1);
	cr_expect_eq(relay.app_stderr, -1);
}

static void app_kills_itself(void)
{
	(void)raise(SIGKILL);
}

Test(relay, the_signal_that_ended_it)
{
	start(app_kills_itself, false, 0);
	run();
	cr_expect_eq(end_of_app.code, -1);
	cr_expect_eq(end_of_app.signal, SIGKILL);
}

static void app_copies(void)
{
	char buffer[4096];
	ssize_t got;

	while ((got = read(0, buffer, sizeof buffer)) > 0)
		if (write_all(1, buffer, (size_t)got))
			_exit(99);
	say(1, "end");
}

Test(relay, stdin_arrives_and_its_end_too)
{
	start(app_copies, true, 0);
	say(to_box, "hello ");
	close(to_box);
	run();
	cr_expect_str_eq(output_of(STDOUT_FILENO, from_box), "hello end");
	cr_expect_eq(relay.app_stdin, -1);
}

Test(relay, stdin_may_be_a_file_or_nothing)
{
	static const char *const files[] = { "/proc/sys/kernel/ostype", "/dev/null" };

	for (size_t i = 0; i < 2; i++) {
		int file = open(files[i], O_RDONLY | O_CLOEXEC);

		cr_assert_eq(dup2(file, STDIN_FILENO), STDIN_FILENO);
		close(file);
		start(app_copies, true, 0);
		run();
		cr_expect_eq(end_of_app.code, 0);
	}
	cr_expect_str_eq(output_of(STDOUT_FILENO, from_box), "Linux\nendend");
}

static void app_sleeps_on_its_stdin(void)
{
	char byte;

	(void)poll(NULL, 0, 300);
	if (read(0, &byte, 1) != 1)
		_exit(98);
	_exit(3);
}

static void fill(int fd)
{
	static char zeros[65536];

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
}

Test(relay, input_that_the_app_does_not_read_blocks_nothing)
{
	start(app_sleeps_on_its_stdin, true, 0);
	fill(relay.app_stdin);
	fill(to_box);
	run();
	cr_expect_eq(end_of_app.code, 3);
}

static void app_closes_stdin(void)
{
	close(0);
	(void)poll(NULL, 0, 300);
}

Test(relay, an_app_that_closed_its_stdin_swallows_nothing_more_of_ours)
{
	char got[8] = "";

	start(app_closes_stdin, true, 0);
	(void)poll(NULL, 0, 100);
	run();
	say(to_box, "kept");
	cr_expect_eq(read(STDIN_FILENO, got, sizeof got), 4);
	cr_expect_str_eq(got, "kept");
}

static void app_writes_much(void)
{
	static char much[3 << 20];

	memset(much, 'x', sizeof much);
	if (write_all(1, much, sizeof much))
		_exit(99);
}

Test(relay, a_slow_reader_gets_everything)
{
	static char got[65536];
	size_t total = 0;
	int status;
	ssize_t n;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		/* The reader; a test's own child must not use Criterion's words. */
		close(STDOUT_FILENO);
		while ((n = read(from_box, got, sizeof got)) > 0) {
			total += (size_t)n;
			(void)poll(NULL, 0, 2);
		}
		_exit(total == 3 << 20 ? 0 : 1);
	}
	close(from_box);
	start(app_writes_much, false, 0);
	run();
	close(STDOUT_FILENO);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "bytes are missing");
}

static void app_writes_for_ever(void)
{
	for (;;)
		if (write_all(1, "y\n", 2))
			_exit(errno == EPIPE ? 77 : 99);
}

Test(relay, where_nobody_reads_the_app_gets_sigpipe)
{
	start(app_writes_for_ever, false, 0);
	close(from_box);
	run();
	cr_expect_eq(end_of_app.signal, SIGPIPE);
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The app ends and leaves a process that holds its streams, and maybe writes to them. */
static void leave_behind(bool is_loud)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 200; i++) {
			if (is_loud)
				say(1, "noise");
			(void)poll(NULL, 0, is_loud ? 1 : 50);
		}
		_exit(0);
	}
	say(1, "last words");
	_exit(5);
}

static void app_leaves_a_silent_one(void)
{
	leave_behind(false);
}

static void app_leaves_a_loud_one(void)
{
	leave_behind(true);
}

Test(relay, a_process_left_behind_is_not_waited_for)
{
	double began = seconds();

	start(app_leaves_a_silent_one, false, 0);
	run();
	cr_expect_lt(seconds() - began, 2.0);
	cr_expect_eq(end_of_app.code, 5);
	cr_expect_str_eq(output_of(STDOUT_FILENO, from_box), "last words");
}

Test(relay, even_if_it_goes_on_writing)
{
	double began = seconds();

	start(app_leaves_a_loud_one, false, 0);
	run();
	cr_expect_lt(seconds() - began, 2.0);
	cr_expect_eq(end_of_app.code, 5);
	cr_expect_not_null(strstr(output_of(STDOUT_FILENO, from_box), "last words"));
}

/* Starts a process that sends signal to this one soon; SIGCHLD is no concern of the relay. */
static void send_soon(int signal, int count)
{
	pid_t to = getpid();

	if (fork() == 0) {
		for (int i = 0; i < count; i++) {
			(void)poll(NULL, 0, 200);
			(void)kill(to, signal);
		}
		_exit(0);
	}
}

Test(relay, signals_reach_the_app)
{
	static const int some[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		start(app_waits_for_signals, false, 0);
		send_soon(some[i], 1);
		run();
		cr_expect_eq(end_of_app.code, 100 + some[i], "signal %d: code %d, signal %d", some[i], end_of_app.code, end_of_app.signal);
	}
}

Test(relay, a_signal_that_came_before_the_loop_is_not_lost)
{
	start(app_waits_for_signals, false, 0);
	(void)poll(NULL, 0, 100);
	cr_assert_eq(kill(getpid(), SIGUSR1), 0);
	run();
	cr_expect_eq(end_of_app.code, 100 + SIGUSR1);
}

Test(relay, a_reader_that_has_stalled_keeps_no_signal_from_the_app)
{
	double began = seconds();

	start(app_writes_for_ever, false, 0);
	send_soon(SIGTERM, 1);
	run();
	cr_expect_eq(end_of_app.signal, SIGTERM);
	/* What was on its way when it ended is not waited for without end. */
	cr_expect_lt(seconds() - began, 4.0);
}

static void app_waits(void)
{
	for (;;)
		(void)pause();
}

static void app_ignores_sigterm(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	(void)poll(NULL, 0, 600);
	_exit(4);
}

static bool can_make_pid_namespace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(relay, process_1_of_a_namespace_ends_by_default_as_any_other)
{
	static const int some[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	if (!can_make_pid_namespace())
		cr_skip_test("needs user namespaces");
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		start(app_waits, false, CLONE_NEWUSER | CLONE_NEWPID);
		send_soon(some[i], 1);
		run();
		cr_expect_eq(end_of_app.signal, some[i], "signal %d: %d", some[i], end_of_app.signal);
	}
	start(app_ignores_sigterm, false, CLONE_NEWUSER | CLONE_NEWPID);
	send_soon(SIGTERM, 1);
	run();
	cr_expect_eq(end_of_app.code, 4, "what it ignores does not end it");
	start(app_waits_for_signals, false, CLONE_NEWUSER | CLONE_NEWPID);
	send_soon(SIGTERM, 1);
	run();
	cr_expect_eq(end_of_app.code, 100 + SIGTERM);
}
