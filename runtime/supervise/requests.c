/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.c - what box commands want of a supervisor: a message each, on a connection that stays open until the answer.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "runtime/supervise/supervisor.h"

void requests_drop(struct supervisor *s, size_t index)
{
	attached_close(&s->connections[index]);
	close(s->connections[index].fd);
	s->connections[index] = s->connections[--s->connection_count];
}

void requests_accept(struct supervisor *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		requests_add(s, fd, ASKS_NOTHING);
}

/* Words that give a number of microseconds; -1: none. */
static int64_t grace_of(const char *argument)
{
	int64_t grace_us;

	return number_parse(argument, 0, INT64_MAX, &grace_us) ? -1 : grace_us;
}

static void ask_stop(struct supervisor *s, const char *argument)
{
	s->is_leaving = true;
	lifecycle_blame(s, "box stop");
	lifecycle_stop(s, grace_of(argument));
}

static void ask_restart(struct supervisor *s, const char *argument)
{
	lifecycle_blame(s, "box restart");
	lifecycle_restart(s, grace_of(argument));
}

static void ask_start(struct supervisor *s, const char *argument)
{
	(void)argument;
	lifecycle_start(s);
}

static void ask_end(struct supervisor *s, const char *argument)
{
	(void)s;
	(void)argument;
}

static void ask_renew(struct supervisor *s, const char *argument)
{
	(void)argument;
	s->is_renewing = true;
}

static const struct {
	const char *word;
	enum asks asks;
	void (*act)(struct supervisor *s, const char *argument);
} words[] = {
	{ "stop", ASKS_LEAVE, ask_stop },
	{ "restart", ASKS_START, ask_restart },
	{ "start", ASKS_START, ask_start },
	{ "wait", ASKS_END, ask_end },
	{ "renew", ASKS_RENEWED, ask_renew },
};

static void act(struct supervisor *s, size_t index, const char *message, struct control_fds *fds)
{
	struct connection *c = &s->connections[index];
	size_t length = strcspn(message, " ");

	if (text_starts(message, "attach ")) {
		attached_add(s, c, message + strlen("attach "), fds);
		if (c->asks == ASKS_DONE)
			requests_drop(s, index);
		return;
	}

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i].word) != length || strncmp(words[i].word, message, length) != 0)
			continue;
		c->asks = words[i].asks;
		if (c->asks == ASKS_START && s->is_leaving)
			c->asks = ASKS_AGAIN;
		else
			words[i].act(s, message[length] ? message + length + 1 : "");
		return;
	}
	requests_drop(s, index); /* a word of a later version: it sees the end */
}

/* Who waits for the start may want to hear what the app writes from its first byte on. Anybody else says one thing. */
static bool may_ask(const struct connection *c, const char *message)
{
	return c->asks == ASKS_NOTHING || (c->asks == ASKS_START && text_starts(message, "attach "));
}

void requests_serve(struct supervisor *s, size_t index)
{
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { 0 };
	struct error ignored = { 0 };

	if (control_try_receive(s->connections[index].fd, &message, &fds, &ignored) <= 0 || !may_ask(&s->connections[index], message.data))
		requests_drop(s, index); /* it does not wait any more */
	else
		act(s, index, message.data, &fds);
	control_fds_close(&fds);
}

void requests_add(struct supervisor *s, int fd, enum asks asks)
{
	struct pollfd said = { .fd = fd, .events = POLLIN };

	if (s->connection_count == CONNECTIONS_MOST) {
		close(fd); /* who asks sees the end, and asks again */
		return;
	}
	s->connections[s->connection_count++] = (struct connection){ .fd = fd, .asks = asks, .outputs = { -1, -1 } };
	if (poll(&said, 1, 0) > 0)
		requests_serve(s, s->connection_count - 1);
}

bool requests_has(const struct supervisor *s, enum asks asks)
{
	for (size_t i = 0; i < s->connection_count; i++)
		if (s->connections[i].asks == asks)
			return true;
	return false;
}

void requests_answer(struct supervisor *s, enum asks asks, const char *answer)
{
	struct error ignored = { 0 };

	for (size_t i = s->connection_count; i-- > 0;) {
		if (s->connections[i].asks != asks)
			continue;
		(void)control_send(s->connections[i].fd, answer, NULL, &ignored); /* it may be gone */
		requests_drop(s, i);
	}
}
