/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.c - one poll loop: signals, streams, and the end of the process.
 *
 * Output is written whole before more is read, so that a slow reader slows the app down and nothing is lost. Where
 * nobody reads our stdout any more, the app's pipe is closed: it gets SIGPIPE, as in any pipeline. Input is never waited for: what the app does
 * not take stays in a buffer.
 */
#include "runtime/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/terminal.h"

enum { BUFFER = 65536, LINGER_MS = 1000 };

enum { AT_SIGNALS, AT_PROCESS, AT_STDOUT, AT_STDERR, AT_TERMINAL, AT_INPUT, AT_APP_INPUT, AT_COUNT };

struct loop {
	struct relay *relay;
	int signals;
	bool is_over;       /* the process has been reaped */
	bool reads_input;   /* our stdin has not ended */
	char input[BUFFER]; /* read from our stdin, not yet taken by the app */
	size_t input_from, input_to;
	struct process_end end;
};

static void forwarded(sigset_t *ret)
{
	static const int kept[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE, SIGURG,
				    SIGTTIN, SIGTTOU, SIGTSTP, SIGCONT };

	(void)sigfillset(ret);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		(void)sigdelset(ret, kept[i]);
}

void relay_signals_block(void)
{
	sigset_t set;

	forwarded(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with a known "how" */
	(void)signal(SIGPIPE, SIG_IGN);           /* a closed stdout is an answer of write(2), not an end */
}

static void take_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGWINCH && l->relay->terminal >= 0)
			terminal_copy_size(l->relay->terminal);
		else if (!l->is_over)
			(void)process_signal(l->relay->pidfd, (int)info.ssi_signo); /* it may have ended just now */
	}
}

static void close_stream(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

/* Carries one read from the app to our own stream; false where it ended, or where nobody takes it. */
static bool carry(int from, int to)
{
	char buffer[BUFFER];
	ssize_t got = read(from, buffer, sizeof buffer);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	return got > 0 && write_all(to, buffer, (size_t)got) == 0;
}

static void read_input(struct loop *l)
{
	ssize_t got = read(STDIN_FILENO, l->input, sizeof l->input);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	l->input_from = 0;
	l->input_to = got > 0 ? (size_t)got : 0;
	if (got <= 0)
		l->reads_input = false;
}

static void write_input(struct loop *l, int *to)
{
	ssize_t done = write(*to, l->input + l->input_from, l->input_to - l->input_from);

	if (done > 0)
		l->input_from += (size_t)done;
	else if (done < 0 && errno != EINTR && errno != EAGAIN)
		close_stream(to);
}

/* The end of our input becomes the app's: a pipe is closed; a terminal gets nothing more. */
static void end_input(struct loop *l)
{
	if (!l->reads_input && l->input_from == l->input_to)
		close_stream(&l->relay->app_stdin);
}

static int reap(struct loop *l, struct error *e)
{
	if (process_wait(l->relay->pidfd, &l->end, e))
		return -1;
	l->is_over = true;
	return 0;
}

static void watch(const struct loop *l, struct pollfd polls[static AT_COUNT])
{
	const struct relay *r = l->relay;
	bool has_input = l->input_from < l->input_to;
	int to = r->terminal >= 0 ? r->terminal : r->app_stdin;

	for (int i = 0; i < AT_COUNT; i++)
		polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	polls[AT_SIGNALS].fd = l->signals;
	polls[AT_PROCESS].fd = l->is_over ? -1 : r->pidfd;
	polls[AT_STDOUT].fd = r->app_stdout;
	polls[AT_STDERR].fd = r->app_stderr;
	polls[AT_TERMINAL].fd = r->terminal;
	polls[AT_INPUT].fd = to >= 0 && l->reads_input && !has_input ? STDIN_FILENO : -1;
	polls[AT_APP_INPUT] = (struct pollfd){ .fd = to >= 0 && has_input ? to : -1, .events = POLLOUT };
}

static int serve(struct loop *l, struct pollfd polls[static AT_COUNT], struct error *e)
{
	struct relay *r = l->relay;
	int *to = r->terminal >= 0 ? &r->terminal : &r->app_stdin;

	if (polls[AT_SIGNALS].revents)
		take_signal(l);
	if (polls[AT_STDOUT].revents && !carry(r->app_stdout, STDOUT_FILENO))
		close_stream(&r->app_stdout);
	if (polls[AT_STDERR].revents && !carry(r->app_stderr, STDERR_FILENO))
		close_stream(&r->app_stderr);
	if (polls[AT_APP_INPUT].revents)
		write_input(l, to);
	if (polls[AT_INPUT].revents)
		read_input(l);
	if (polls[AT_TERMINAL].revents && r->terminal >= 0 && !carry(r->terminal, STDOUT_FILENO))
		close_stream(&r->terminal);
	end_input(l);
	return polls[AT_PROCESS].revents ? reap(l, e) : 0;
}

static bool has_output(const struct relay *r)
{
	return r->app_stdout >= 0 || r->app_stderr >= 0 || r->terminal >= 0;
}

/* After the end only what is on its way is waited for: a process that was left in the background may hold the streams for ever. */
static int run_loop(struct loop *l, struct error *e)
{
	struct pollfd polls[AT_COUNT];

	while (!l->is_over || has_output(l->relay)) {
		int ready;

		watch(l, polls);
		ready = poll(polls, AT_COUNT, l->is_over ? LINGER_MS : -1);
		if (ready < 0 && errno != EINTR)
			return error_sys(e, "wait for the app");
		if (ready == 0)
			return 0;
		if (ready > 0 && serve(l, polls, e))
			return -1;
	}
	return 0;
}

int relay_run(struct relay *r, struct process_end *ret, struct error *e)
{
	static struct loop l; /* its buffer is large for a stack */
	sigset_t set;
	int result;

	l = (struct loop){ .relay = r, .reads_input = true };
	forwarded(&set);
	l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l.signals < 0)
		return error_sys(e, "watch for signals");
	if (r->app_stdin >= 0)
		(void)fcntl(r->app_stdin, F_SETFL, O_NONBLOCK); /* a full pipe would only block us a while */
	if (r->terminal >= 0) {
		terminal_copy_size(r->terminal);
		(void)fcntl(r->terminal, F_SETFL, O_NONBLOCK);
		if (isatty(STDIN_FILENO) && terminal_raw(e)) {
			close(l.signals);
			return -1;
		}
	}
	result = run_loop(&l, e);
	terminal_restore();
	close(l.signals);
	close_stream(&r->app_stdin);
	close_stream(&r->app_stdout);
	close_stream(&r->app_stderr);
	close_stream(&r->terminal);
	*ret = l.end;
	return result;
}
