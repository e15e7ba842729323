/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.c - what the app writes: from its FIFOs or its terminal into the log, and to who is attached.
 */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/supervise/supervisor.h"

enum { HUNG_UP_MS = 200, FIFO_SIZE = 1 << 20, BUFFERS = FIFO_SIZE / 4096 };
enum { AT_TERMINAL = LOG_STREAMS };

int terminal_of(const struct supervisor *s)
{
	size_t at = s->progress.listens ? 2 : 1;

	return s->progress.terminal && s->kept.count > at ? s->kept.fds[at] : -1;
}

/* 1: there may be more. */
static int take(struct supervisor *s, enum log_stream stream, int from)
{
	uint64_t end = log_mark(&s->log.buffer)->input[stream].end;
	int result = log_take(&s->log, stream, from);

	attached_pass(s, stream, end);
	return result;
}

int64_t outputs_watch(const struct supervisor *s, struct pollfd *polls)
{
	for (int i = 0; i < LOG_STREAMS; i++)
		polls[i] = (struct pollfd){ .fd = s->streams[i], .events = POLLIN };
	polls[AT_TERMINAL] = (struct pollfd){ .fd = s->hung_up_ms ? -1 : terminal_of(s), .events = POLLIN };
	return s->hung_up_ms ? s->hung_up_ms : INT64_MAX;
}

/* A terminal that nobody inside has open is ready at once, with nothing to read. The app may open it again. */
static void serve_terminal(struct supervisor *s, const struct pollfd *poll)
{
	int64_t now_ms = clock_boot_ms();

	if (s->hung_up_ms && s->hung_up_ms <= now_ms)
		s->hung_up_ms = 0;
	if (poll->fd >= 0 && poll->revents && take(s, LOG_STDOUT, poll->fd) <= 0 && poll->revents & POLLHUP)
		s->hung_up_ms = now_ms + HUNG_UP_MS;
}

void outputs_serve(struct supervisor *s, const struct pollfd *polls)
{
	for (int i = 0; i < LOG_STREAMS; i++)
		if (polls[i].revents)
			(void)take(s, (enum log_stream)i, s->streams[i]); /* a FIFO with both ends open can be read */
	serve_terminal(s, &polls[AT_TERMINAL]);
}

void outputs_drain(struct supervisor *s)
{
	struct pollfd terminal = { .fd = terminal_of(s), .events = POLLIN };

	s->hung_up_ms = 0;
	/* poll(2) waits for what the kernel still carries from the app's side to ours. */
	for (int buffer = 0; buffer < BUFFERS && terminal.fd >= 0 && poll(&terminal, 1, 0) > 0; buffer++)
		if (take(s, LOG_STDOUT, terminal.fd) <= 0)
			break;
	for (int i = 0; i < LOG_STREAMS; i++)
		for (int buffer = 0; buffer < BUFFERS && take(s, (enum log_stream)i, s->streams[i]) > 0; buffer++)
			;
}
