/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.c - one poll loop: signals, streams, and the end of the process.
 *
 * Nothing in here waits but poll(2): a stalled reader of our stdout slows the app down, and signals still
 * reach it. Where nobody reads our stdout any more, the app's pipe is closed: it gets SIGPIPE, as in any
 * pipeline.
 *
 * After the end of the process, what it left in the pipes is carried, however long the reader takes (unless
 * somebody waits for the end). A process that it left in the background (box exec) may hold them for ever,
 * and is not waited for: it has a moment to finish a last line.
 */
#include "runtime/streams/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "runtime/streams/flow.h"
#include "runtime/streams/forward.h"
#include "runtime/streams/terminal.h"

enum { LINGER_MS = 500, HUNG_UP_MS = 200, ASKED_MS = 2000 };

enum { AT_SIGNALS, AT_PROCESS, AT_APP_STDIN, AT_FLOWS, AT_COUNT = AT_FLOWS + 6 };

/* One stream of the app to one of ours. */
struct output {
	struct flow flow;
	int *source;     /* the relay's descriptor: closed with the flow */
	size_t promised; /* bytes that were in the pipe when the process ended */
};

struct loop {
	struct relay *relay;
	int signals;
	struct flow input;
	struct output outputs[2]; /* stdout (or the terminal), stderr */
	bool is_over;             /* the process has been reaped */
	bool is_asked;            /* somebody wants this to end */
	bool is_given_up;         /* they asked again while only output was left */
	bool is_traced;           /* it ended, and a process inside that traces it has not let it go */
	bool is_hung_up;          /* the terminal has no reader inside at the moment */
	int64_t deadline_ms;      /* after the end */
	int default_signal;       /* its default action was carried out by SIGKILL */
	struct process_end end;
};

void relay_signals_block(void)
{
	sigset_t set;

	forward_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail with a known "how" */
	(void)signal(SIGPIPE, SIG_IGN);           /* a closed stdout is an answer of write(2), not an end */
}

static void close_stream(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (l->relay->terminal >= 0 && (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT)) {
			terminal_copy_size(l->relay->terminal);
			/* The shell that stopped and continues us has set its own modes meanwhile. */
			if (info.ssi_signo == SIGCONT)
				terminal_raw_again();
		}
		if (!l->is_over && l->relay->ends_at_once && forward_is_end((int)info.ssi_signo))
			(void)process_signal(l->relay->pidfd, SIGKILL); /* it may have ended by itself */
		else if (!l->is_over)
			forward_signal(l->relay->pidfd, &info, &l->default_signal);
		else if (forward_is_end((int)info.ssi_signo))
			l->is_given_up = true;
		l->is_asked |= forward_is_end((int)info.ssi_signo);
	}
}

static size_t bytes_waiting(int fd)
{
	int count = 0;

	return fd >= 0 && ioctl(fd, FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

static int reap(struct loop *l, struct error *e)
{
	int ended = process_try_wait(l->relay->pidfd, &l->end, e);

	l->is_traced = ended == 0;
	if (ended < 0)
		return -1;
	/* Its tracer may keep it for ever; who asks for the end does not have to wait for that. */
	if (ended == 0 && !l->is_asked)
		return 0;
	if (ended == 0)
		l->end = (struct process_end){ .code = -1, .signal = SIGKILL };
	if (l->default_signal && l->end.signal == SIGKILL)
		l->end.signal = l->default_signal;
	l->is_over = true;
	l->deadline_ms = clock_monotonic_ms() + LINGER_MS;
	for (int i = 0; i < 2; i++)
		l->outputs[i].promised = bytes_waiting(*l->outputs[i].source);
	flow_close(&l->input);
	return 0;
}

/* The end of our input becomes the app's: a pipe is closed; a terminal gets nothing more. */
static void serve_input(struct loop *l, const struct pollfd polls[static AT_COUNT])
{
	/* The app has closed its stdin: what our caller goes on writing, and may have written by now, is not ours to swallow. */
	bool is_unread = polls[AT_APP_STDIN].revents & POLLERR;

	if (!is_unread)
		(void)flow_serve(&l->input, polls + AT_FLOWS, SIZE_MAX); /* how many bytes does not matter here */
	if (!flow_is_open(&l->input) || is_unread) {
		flow_close(&l->input);
		close_stream(&l->relay->app_stdin);
	}
}

static void end_output(struct output *out)
{
	if (out->flow.failure && out->flow.failure != EPIPE)
		log_warning("write what the app writes: %s [%s], closing its stream", strerror(out->flow.failure),
			    error_name(out->flow.failure));
	flow_close(&out->flow);
	close_stream(out->source);
}

static void serve_output(struct loop *l, struct output *out, const struct pollfd polls[static 2])
{
	bool is_terminal = out->source == &l->relay->terminal;
	bool is_late = l->is_over && clock_monotonic_ms() >= l->deadline_ms;
	size_t got;

	if (!flow_is_open(&out->flow))
		return;
	got = flow_serve(&out->flow, polls, is_late && !is_terminal ? out->promised : SIZE_MAX);
	out->promised -= got < out->promised ? got : out->promised;
	/* A process inside may have read them back. */
	if (is_late && out->promised && !bytes_waiting(*out->source))
		out->promised = 0;
	/* A terminal without an open end inside reads as an error. While the app lives it may open one again, and closing
	 * ours would end it by SIGHUP. */
	if (is_terminal && !l->is_over && out->flow.from < 0 && !out->flow.failure) {
		out->flow.from = l->relay->terminal;
		l->is_hung_up = true;
	}
	if (!flow_is_open(&out->flow) || (is_late && !out->promised && !flow_has_bytes(&out->flow)))
		end_output(out);
}

static void watch(struct loop *l, struct pollfd polls[static AT_COUNT])
{
	polls[AT_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	polls[AT_PROCESS] = (struct pollfd){ .fd = l->is_over || l->is_traced ? -1 : l->relay->pidfd, .events = POLLIN };
	polls[AT_APP_STDIN] = (struct pollfd){ .fd = l->relay->app_stdin };
	flow_watch(&l->input, polls + AT_FLOWS);
	for (int i = 0; i < 2; i++)
		flow_watch(&l->outputs[i].flow, polls + AT_FLOWS + 2 + 2 * i);
	if (l->is_hung_up)
		polls[AT_FLOWS + 2].fd = -1;
}

static int serve(struct loop *l, const struct pollfd polls[static AT_COUNT], struct error *e)
{
	if (polls[AT_SIGNALS].revents)
		take_signals(l);
	l->is_hung_up = false;
	serve_input(l, polls);
	for (int i = 0; i < 2; i++)
		serve_output(l, &l->outputs[i], polls + AT_FLOWS + 2 + 2 * i);
	return polls[AT_PROCESS].revents || (l->is_traced && !l->is_over) ? reap(l, e) : 0;
}

static bool has_output(const struct loop *l)
{
	return flow_is_open(&l->outputs[0].flow) || flow_is_open(&l->outputs[1].flow);
}

/* After the end and the deadline only output that is certain to come, or certain to go, is left: no limit of
 * time then, unless somebody waits for the end, and the reader of our output does not read (a pager, a
 * stopped terminal). */
static int patience_ms(const struct loop *l)
{
	int64_t left = l->deadline_ms - clock_monotonic_ms();

	if (!l->is_over)
		return l->is_hung_up || l->is_traced ? HUNG_UP_MS : -1;
	if (left <= 0 && l->is_asked)
		left += ASKED_MS;
	return left > 0 ? (int)left : -1;
}

static bool is_done(const struct loop *l)
{
	return l->is_over && (!has_output(l) || l->is_given_up || (l->is_asked && clock_monotonic_ms() >= l->deadline_ms + ASKED_MS));
}

static int run_loop(struct loop *l, struct error *e)
{
	struct pollfd polls[AT_COUNT];

	while (!is_done(l)) {
		watch(l, polls);
		if (poll(polls, AT_COUNT, patience_ms(l)) < 0) {
			if (errno != EINTR)
				return error_sys(e, "wait for the app");
			continue;
		}
		if (serve(l, polls, e))
			return -1;
	}
	return 0;
}

static void open_flows(struct loop *l)
{
	struct relay *r = l->relay;
	bool is_terminal = r->terminal >= 0;
	int *const ends[] = { &r->app_stdin, &r->app_stdout, &r->app_stderr, &r->terminal };

	/* The app can read what it has not yet written to the end: it may open its /dev/stdout for reading. */
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (*ends[i] >= 0)
			(void)fcntl(*ends[i], F_SETFL, O_NONBLOCK); /* cannot fail on a pipe or terminal */
	l->outputs[0].source = is_terminal ? &r->terminal : &r->app_stdout;
	l->outputs[1].source = &r->app_stderr;
	flow_open(&l->input, STDIN_FILENO, is_terminal ? r->terminal : r->app_stdin);
	flow_open(&l->outputs[0].flow, *l->outputs[0].source, STDOUT_FILENO);
	flow_open(&l->outputs[1].flow, r->app_stderr, STDERR_FILENO);
}

static void close_flows(struct loop *l)
{
	struct relay *r = l->relay;

	flow_close(&l->input);
	flow_close(&l->outputs[0].flow);
	flow_close(&l->outputs[1].flow);
	close_stream(&r->app_stdin);
	close_stream(&r->app_stdout);
	close_stream(&r->app_stderr);
	close_stream(&r->terminal);
}

int relay_run(struct relay *r, struct process_end *ret, struct error *e)
{
	static struct loop l; /* its buffers are large for a stack, and cost no memory until they are used */
	sigset_t set;
	int result;

	l.relay = r;
	l.is_over = l.is_asked = l.is_given_up = l.is_hung_up = l.is_traced = false;
	l.default_signal = 0;
	l.outputs[0].promised = l.outputs[1].promised = 0;
	forward_set(&set);
	l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l.signals < 0)
		return error_sys(e, "watch for signals");
	open_flows(&l);
	if (r->terminal >= 0)
		terminal_copy_size(r->terminal);
	result = r->terminal >= 0 && isatty(STDIN_FILENO) ? terminal_raw(e) : 0;
	if (result == 0)
		result = run_loop(&l, e);
	terminal_restore();
	close(l.signals);
	close_flows(&l);
	if (result == 0)
		*ret = l.end;
	return result;
}
