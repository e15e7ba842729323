/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_link.c - the connection of who is attached to the app's supervisor.
 */
#include "runtime/attach_link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/supervise/control.h"

/* What a reader that reads may fall behind. An ordinary user with many of them gets less. */
enum { PIPE_SIZE = 1 << 20 };

void attach_link_init(struct attach_link *link)
{
	*link = (struct attach_link){ .socket = -1, .outputs = { -1, -1 }, .input = -1, .pidfd = -1, .heard = { -1, -1 } };
}

void attach_link_release(struct attach_link *link)
{
	int *const fds[] = { &link->socket, &link->outputs[0], &link->outputs[1], &link->input, &link->pidfd };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
}

static int make_pipe(int *ret_ours, struct control_fds *theirs, struct error *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return error_sys(e, "make a pipe for what the app writes");
	(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
	*ret_ours = ends[0];
	theirs->fds[theirs->count++] = ends[1];
	return 0;
}

int attach_link_ask(struct attach_link *link, int socket, struct error *e)
{
	autofree char *words = text_format("attach %jd %jd %jd", (intmax_t)link->run, (intmax_t)link->heard[0], (intmax_t)link->heard[1]);
	struct control_fds theirs = { 0 };
	int result = 0;

	link->socket = socket;
	for (int i = 0; result == 0 && i < ATTACH_STREAMS; i++)
		result = make_pipe(&link->outputs[i], &theirs, e);
	/* One that is gone is seen by what does not come. */
	if (result == 0 && control_send(socket, words, &theirs, e)) {
		result = e->sys == EPIPE || e->sys == ECONNRESET ? 0 : -1;
		if (result == 0)
			error_clear(e);
	}
	control_fds_close(&theirs);
	return result;
}

static int take_descriptors(struct attach_link *link, struct control_fds *fds, int input, struct error *e)
{
	size_t expected = input == ATTACH_NO_INPUT ? 1 : 2;

	if (input < ATTACH_NO_INPUT || input > ATTACH_TERMINAL || fds->count != expected)
		return error_set(e, ERROR_INTERNAL, "attach: the supervisor's answer makes no sense");
	link->kind = (enum attach_input)input;
	link->pidfd = fds->fds[0];
	link->input = expected > 1 ? fds->fds[1] : -1;
	fds->count = 0;
	return 0;
}

static bool take_end(struct attach_link *link, const char *message)
{
	if (sscanf(message, "ended %" SCNd64 " %" SCNd64, &link->code, &link->signal) != 2)
		return false;
	link->is_over = true;
	return true;
}

int attach_link_answer(struct attach_link *link, struct error *e)
{
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { 0 };
	int64_t run, out, err;
	int input, got = control_receive(link->socket, &message, &fds, e);

	if (got <= 0 || take_end(link, message.data))
		return got;
	if (strcmp(message.data, "ok") == 0)
		return 0; /* it was started while it began anyhow, and that was all that was heard */
	if (control_check(message.data, e))
		got = -1;
	else if (sscanf(message.data, "attached %" SCNd64 " %" SCNd64 " %" SCNd64 " %d", &run, &out, &err, &input) == 4)
		got = take_descriptors(link, &fds, input, e) ? -1 : 1;
	else
		got = error_set(e, ERROR_INTERNAL, "attach: the supervisor answers \"%.40s\"", message.data);
	control_fds_close(&fds);
	if (got > 0) {
		link->run = run;
		link->heard[0] = out;
		link->heard[1] = err;
	}
	return got;
}

int attach_link_hear(struct attach_link *link, struct error *e)
{
	autorelease(text) struct text message = { 0 };
	int got = control_try_receive(link->socket, &message, NULL, e);
	int64_t missed;
	int stream;

	if (got < 0 && e->sys == EAGAIN) {
		error_clear(e);
		return 1;
	}
	if (got <= 0 || take_end(link, message.data))
		return got;
	if (sscanf(message.data, "missed %d %" SCNd64, &stream, &missed) == 2 && (stream == 1 || stream == 2)) {
		link->heard[stream - 1] += missed;
		log_warning("%jd bytes of what the app wrote are not shown, because they were not read in time, continuing: box logs has them",
			    (intmax_t)missed);
	}
	return 1; /* or a word of a later version */
}
