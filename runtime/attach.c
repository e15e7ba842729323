/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.c - this process' streams, signals and terminal become those of an app in the background.
 *
 * What the app writes comes from its supervisor through two pipes; what is typed goes to the app itself, whose input the supervisor has
 * handed over. Nothing in here waits but poll(2). A supervisor that is killed, or becomes a newer program, ends the connection without a
 * word: then all that it has sent is shown, and the next one is asked for what came behind it.
 */
#include "runtime/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/job.h"
#include "runtime/attach_link.h"
#include "runtime/background.h"
#include "runtime/logs/events.h"
#include "runtime/state/state.h"
#include "runtime/streams/flow.h"
#include "runtime/streams/forward.h"
#include "runtime/streams/relay.h"
#include "runtime/streams/terminal.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/control.h"

enum { SIGNALLED = 128 };
enum { AT_SIGNALS, AT_LINK, AT_INPUT, AT_OUTPUTS = AT_INPUT + 2, AT_COUNT = AT_OUTPUTS + 2 * ATTACH_STREAMS };

struct loop {
	const struct attach_wishes *wishes;
	struct attach_link link;
	struct detach_keys keys;
	struct flow input, outputs[ATTACH_STREAMS];
	int signals;
	int left_by;        /* the signal; 0: none */
	int default_signal; /* its default action was carried out by SIGKILL */
	bool is_lost;       /* the supervisor is gone */
};

static bool is_at_terminal(const struct loop *l)
{
	return l->link.kind == ATTACH_TERMINAL;
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		int number = (int)info.ssi_signo;

		if (is_at_terminal(l) && (number == SIGWINCH || number == SIGCONT) && l->link.input >= 0) {
			terminal_copy_size(l->link.input);
			if (number == SIGCONT)
				terminal_raw_again(); /* the shell that stopped us has set its own modes meanwhile */
		}
		/* At a terminal the keys are the app's, and a signal is about us. Behind the end, too. */
		if (is_at_terminal(l) || l->wishes->no_proxy || l->link.is_over || l->link.pidfd < 0)
			l->left_by = forward_is_end(number) ? number : l->left_by;
		else
			forward_signal(l->link.pidfd, &info, &l->default_signal);
	}
}

static void open_output(struct loop *l, int i, bool is_again)
{
	struct flow *flow = &l->outputs[i];

	if (!is_again)
		flow_open(flow, l->link.outputs[i], STDOUT_FILENO + i);
	else if (flow->to >= 0)
		flow->from = l->link.outputs[i];
	/* Nobody here wants that stream: the supervisor sees that. */
	if (flow->to < 0 && l->link.outputs[i] >= 0)
		close(take_fd(&l->link.outputs[i]));
}

static void open_flows(struct loop *l)
{
	bool has_input = l->link.input >= 0 && !l->wishes->no_stdin;

	for (int i = 0; i < ATTACH_STREAMS; i++)
		open_output(l, i, /* is_again= */ false);
	flow_open(&l->input, has_input ? STDIN_FILENO : -1, has_input ? l->link.input : -1);
	if (is_at_terminal(l))
		l->input.keys = &l->keys;
}

/* How it ended, as it is noted; one that went with its end has left no note. */
static void read_last(struct loop *l, const struct places *places, const char *name)
{
	struct last_end last = { .code = -1 };
	struct error ignored = { 0 };
	autoclose int definition = apps_open(places, name, NULL, &ignored);

	if (definition >= 0)
		(void)lines_read(definition, LAST_END_FILE, last_end_rows, &last, &ignored);
	l->link.is_over = true;
	l->link.code = last.code;
	l->link.signal = last.signal;
}

/* The supervisor's answer, however many of them are killed meanwhile. */
static int settle(struct loop *l, const struct places *places, const char *name, struct error *e)
{
	int got = l->link.socket < 0 ? 0 : attach_link_answer(&l->link, e);

	while (got == 0) {
		int socket;

		attach_link_release(&l->link);
		socket = background_reach(places, name, e);
		if (socket < 0 && e->kind == ERROR_MISSING && l->link.run) {
			/* The run ended between two supervisors, the second of which has ended as well. */
			error_clear(e);
			read_last(l, places, name);
			return 0;
		}
		if (socket < 0 || attach_link_ask(&l->link, socket, e))
			return -1;
		got = attach_link_answer(&l->link, e);
	}
	return got < 0 ? -1 : 0;
}

/* The end of our stdin is not the end of the app's: others may attach. */
static void serve_input(struct loop *l, const struct pollfd polls[static AT_COUNT])
{
	(void)flow_serve(&l->input, polls + AT_INPUT, SIZE_MAX);
	if (!flow_is_open(&l->input))
		flow_close(&l->input);
}

static int serve_output(struct loop *l, int i, const struct pollfd polls[static AT_COUNT], struct error *e)
{
	struct flow *flow = &l->outputs[i];

	if (!flow_is_open(flow))
		return 0;
	l->link.heard[i] += (int64_t)flow_serve(flow, polls + AT_OUTPUTS + 2 * i, SIZE_MAX);
	if (flow->from < 0 && l->link.outputs[i] >= 0)
		close(take_fd(&l->link.outputs[i]));
	if (!flow->failure)
		return 0;
	if (flow->failure != EPIPE) {
		errno = flow->failure;
		return error_sys(e, "write what the app writes");
	}
	l->left_by = i == 0 ? SIGPIPE : l->left_by; /* without its stderr there is still something to show */
	return 0;
}

static void watch(struct loop *l, struct pollfd polls[static AT_COUNT])
{
	polls[AT_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	polls[AT_LINK] = (struct pollfd){ .fd = l->link.is_over || l->is_lost ? -1 : l->link.socket, .events = POLLIN };
	flow_watch(&l->input, polls + AT_INPUT);
	for (int i = 0; i < ATTACH_STREAMS; i++)
		flow_watch(&l->outputs[i], polls + AT_OUTPUTS + 2 * i);
}

static int serve(struct loop *l, const struct pollfd polls[static AT_COUNT], struct error *e)
{
	if (polls[AT_SIGNALS].revents)
		take_signals(l);
	serve_input(l, polls);
	for (int i = 0; i < ATTACH_STREAMS; i++)
		if (serve_output(l, i, polls, e))
			return -1;
	if (polls[AT_LINK].revents) {
		int heard = attach_link_hear(&l->link, e);

		l->is_lost = heard == 0 && !l->link.is_over;
		return heard < 0 ? -1 : 0;
	}
	return 0;
}

/* All that was sent is shown. */
static bool is_dry(const struct loop *l)
{
	for (int i = 0; i < ATTACH_STREAMS; i++)
		if (flow_is_open(&l->outputs[i]))
			return false;
	return true;
}

static int reconnect(struct loop *l, const struct places *places, const char *name, struct error *e)
{
	bool has_input = flow_is_open(&l->input);

	l->is_lost = false;
	l->input.to = -1;
	attach_link_release(&l->link);
	if (settle(l, places, name, e))
		return -1;
	for (int i = 0; i < ATTACH_STREAMS; i++)
		open_output(l, i, /* is_again= */ true);
	if (has_input)
		l->input.to = l->link.input;
	return 0;
}

static int run_loop(struct loop *l, const struct places *places, const char *name, struct error *e)
{
	struct pollfd polls[AT_COUNT];

	while (!l->left_by && !l->keys.is_complete && !(l->link.is_over && is_dry(l))) {
		if (l->is_lost && is_dry(l) && reconnect(l, places, name, e))
			return -1;
		watch(l, polls);
		if (poll(polls, AT_COUNT, -1) < 0 && errno != EINTR)
			return error_sys(e, "wait for the app");
		else if (serve(l, polls, e))
			return -1;
	}
	return 0;
}

static int attend(struct loop *l, const struct places *places, const char *name, struct error *e)
{
	int result = 0;

	open_flows(l);
	if (is_at_terminal(l) && !l->link.is_over) {
		terminal_show_anew(l->link.input);
		if (l->input.to >= 0 && isatty(STDIN_FILENO))
			result = terminal_raw(e);
	}
	if (result == 0)
		result = run_loop(l, places, name, e);
	terminal_restore();
	flow_close(&l->input);
	for (int i = 0; i < ATTACH_STREAMS; i++)
		flow_close(&l->outputs[i]);
	return result;
}

static void tell(const struct loop *l, enum attach_end *ret_end, int *ret_status)
{
	*ret_end = l->keys.is_complete ? ATTACH_DETACHED : l->link.is_over ? ATTACH_ENDED : ATTACH_LEFT;
	if (*ret_end == ATTACH_DETACHED)
		*ret_status = 0;
	else if (*ret_end == ATTACH_LEFT)
		*ret_status = SIGNALLED + l->left_by;
	else
		*ret_status = background_exit_status(l->link.code, l->link.signal == SIGKILL && l->default_signal ? l->default_signal : l->link.signal);
}

/* link: asked already, or without a socket. */
static int carry(const struct places *places, const char *name, const struct attach_wishes *wishes, const struct attach_link *link,
		 enum attach_end *ret_end, int *ret_status, struct error *e)
{
	static struct loop l; /* its buffers are large for a stack */
	sigset_t set;
	int result;

	l = (struct loop){ .wishes = wishes, .link = *link, .keys = wishes->keys };
	result = settle(&l, places, name, e);
	if (result == 0) {
		relay_signals_block();
		forward_set(&set);
		l.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
		result = l.signals < 0 ? error_sys(e, "watch for signals") : 0;
	}
	if (result == 0) {
		events_note(places, "container", "attach", name, NULL);
		result = attend(&l, places, name, e);
		close(l.signals);
	}
	attach_link_release(&l.link);
	if (result == 0)
		tell(&l, ret_end, ret_status);
	return result;
}

int attach_run(const struct places *places, const char *name, const struct attach_wishes *wishes, enum attach_end *ret_end, int *ret_status,
	       struct error *e)
{
	struct attach_link link;
	autoclose int definition = apps_open(places, name, NULL, e);

	if (definition < 0)
		return -1;
	if (!state_exists(places, name)) {
		error_set(e, ERROR_MISSING, "attach to %s: it does not run", name);
		return error_hint(e, "box start -a %s starts it and attaches, box logs %s shows what it wrote", name, name);
	}
	attach_link_init(&link);
	return carry(places, name, wishes, &link, ret_end, ret_status, e);
}

/* 1: a job that waits has been asked for a run, and for what that writes; 0: it is none, or has no supervisor. */
static int ask_job(const struct places *places, const char *name, struct attach_link *link, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);
	int socket;

	if (definition < 0 && e->kind != ERROR_MISSING)
		return -1;
	error_clear(e);
	if (definition < 0) /* a rename that was killed may have left it half-way: the start finishes it, or says that there is none */
		return 0;
	if (!job_defined(definition) || !state_exists(places, name))
		return 0;
	socket = background_reach(places, name, e);
	if (socket < 0 && e->kind == ERROR_MISSING) {
		error_clear(e);
		return 0;
	}
	if (socket < 0 || control_send(socket, "start", NULL, e) || attach_link_ask(link, socket, e))
		return -1;
	return 1;
}

int attach_start(const struct places *places, const char *name, const struct attach_wishes *wishes, enum attach_end *ret_end,
		 int *ret_status, struct error *e)
{
	struct attach_link link;
	autoclose int theirs = -1;
	int ends[2], begun;

	attach_link_init(&link);
	begun = ask_job(places, name, &link, e);
	if (begun < 0)
		attach_link_release(&link);
	if (begun)
		return begun < 0 ? -1 : carry(places, name, wishes, &link, ret_end, ret_status, e);
	if (control_pair(ends, e))
		return -1;
	theirs = ends[1];
	link.heard[0] = link.heard[1] = 0;
	/* Asked before there is anybody to hear it: so nothing can be missed. */
	begun = attach_link_ask(&link, ends[0], e) ? -1 : background_begin(places, name, theirs, e);
	close(take_fd(&theirs));
	if (begun > 0 && background_run_job(places, name, e))
		begun = -1;
	if (begun <= 0)
		attach_link_release(&link);
	if (begun == 0)
		link.heard[0] = link.heard[1] = -1; /* it runs: from now on */
	return begun < 0 ? -1 : carry(places, name, wishes, &link, ret_end, ret_status, e);
}
