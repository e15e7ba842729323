/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attached.c - who hears what the app writes, while it writes it: box attach.
 *
 * Each of them has brought a pipe for stdout and one for stderr. What fits into a pipe is written there, and what does not is counted: the
 * app and its log wait for nobody, and the memory in between is the reader's own. One that fell behind hears again when it has read
 * everything, and then also how much it has missed.
 *
 * The app's input, its terminal and its pidfd are handed over: what is typed, a window's size and signals do not pass through here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/supervise/supervisor.h"

enum { ATTACHED_MOST = CONNECTIONS_MOST / 2 }; /* the others are for those who ask for something */

static void say(const struct connection *c, const char *message, const struct control_fds *fds)
{
	struct error ignored = { 0 };

	(void)control_send(c->fd, message, fds, &ignored); /* it may be gone; one that does not read sees the end of the connection */
}

void attached_close(struct connection *c)
{
	for (int i = 0; i < LOG_STREAMS; i++)
		if (c->outputs[i] >= 0)
			close(take_fd(&c->outputs[i]));
}

/* Pipes, and ready to say no: a description that could wait would hold up the app. */
static bool take_pipes(struct connection *c, struct control_fds *fds)
{
	if (fds->count != LOG_STREAMS || fcntl(c->fd, F_SETFL, O_NONBLOCK))
		return false;
	for (int i = 0; i < LOG_STREAMS; i++) {
		struct stat st;

		if (fstat(fds->fds[i], &st) || !S_ISFIFO(st.st_mode) || fcntl(fds->fds[i], F_SETFL, O_NONBLOCK))
			return false;
	}
	for (int i = 0; i < LOG_STREAMS; i++)
		c->outputs[i] = fds->fds[i];
	fds->count = 0;
	return true;
}

static void tell_missed(struct connection *c, int stream)
{
	autorelease(text) struct text message = { 0 };

	if (!c->missed[stream])
		return;
	text_addf(&message, "missed %d %ju", 1 + stream, (uintmax_t)c->missed[stream]);
	say(c, message.data, NULL);
	c->missed[stream] = 0;
}

static void put(struct connection *c, int stream, const char *bytes, size_t length)
{
	int unread = 0;
	ssize_t done = 0;

	if (c->outputs[stream] < 0)
		return;
	if (!c->missed[stream] || (ioctl(c->outputs[stream], FIONREAD, &unread) == 0 && !unread)) {
		tell_missed(c, stream);
		done = write(c->outputs[stream], bytes, length);
	}
	if (done < 0 && errno == EPIPE) {
		close(take_fd(&c->outputs[stream])); /* nobody wants that stream any more */
		return;
	}
	c->missed[stream] += length - (done > 0 ? (size_t)done : 0);
}

void attached_pass(struct supervisor *s, enum log_stream stream, uint64_t from)
{
	uint64_t end = log_mark(&s->log.buffer)->input[stream].end;

	for (size_t i = 0; end > from && i < s->connection_count; i++)
		put(&s->connections[i], (int)stream, log_ring_at(&s->log.buffer, stream, from), (size_t)(end - from));
}

/* What it has not heard because the supervisor before this one was killed: as much as is still there. */
static void catch_up(const struct supervisor *s, struct connection *c, int64_t heard[static LOG_STREAMS])
{
	for (int i = 0; i < LOG_STREAMS; i++) {
		uint64_t end = log_mark(&s->log.buffer)->input[i].end, from = (uint64_t)heard[i];

		if (heard[i] < 0 || from > end)
			heard[i] = (int64_t)end;
		if ((uint64_t)heard[i] == end)
			continue;
		if (end - from > LOG_RING) {
			c->missed[i] = end - LOG_RING - from;
			from = end - LOG_RING;
		}
		put(c, i, log_ring_at(&s->log.buffer, (enum log_stream)i, from), (size_t)(end - from));
	}
}

/* "attached RUN OUT ERR INPUT" */
static void greet(const struct supervisor *s, struct connection *c)
{
	int terminal = terminal_of(s), input = terminal >= 0 ? terminal : s->input;
	struct control_fds fds = { .fds = { s->kept.fds[0], input }, .count = input >= 0 ? 2 : 1 };
	autorelease(text) struct text message = { 0 };

	text_addf(&message, "attached %jd %jd %jd %d", (intmax_t)s->progress.starts, (intmax_t)c->heard[0], (intmax_t)c->heard[1],
		  terminal >= 0 ? 2 : input >= 0);
	c->asks = ASKS_ATTACHED;
	say(c, message.data, &fds);
}

void attached_begin(struct supervisor *s)
{
	for (size_t i = 0; i < s->connection_count; i++)
		if (s->connections[i].asks == ASKS_ATTACH)
			greet(s, &s->connections[i]);
}

static void say_end(const struct supervisor *s, struct connection *c)
{
	autofree char *message = text_format("ended %jd %jd", (intmax_t)s->progress.code, (intmax_t)s->progress.signal);

	for (int i = 0; i < LOG_STREAMS; i++)
		tell_missed(c, i);
	attached_close(c); /* the end of what they hear */
	say(c, message, NULL);
}

void attached_end(struct supervisor *s)
{
	for (size_t i = s->connection_count; i-- > 0;) {
		if (s->connections[i].asks != ASKS_ATTACH && s->connections[i].asks != ASKS_ATTACHED)
			continue;
		say_end(s, &s->connections[i]);
		requests_drop(s, i);
	}
}

/* "RUN OUT ERR" */
static bool parse(const char *argument, int64_t *ret_run, int64_t heard[static LOG_STREAMS])
{
	char *end;

	*ret_run = strtoll(argument, &end, 10);
	for (int i = 0; i < LOG_STREAMS; i++)
		heard[i] = strtoll(end, &end, 10);
	return *end == '\0';
}

static bool is_over(const struct supervisor *s, int64_t run)
{
	enum phase phase = (enum phase)s->progress.phase;

	return run && (run != s->progress.starts || phase == PHASE_WAITING || phase == PHASE_LEAVING);
}

static int check(const struct supervisor *s, struct error *e)
{
	const char *name = s->settings.name;
	enum phase phase = (enum phase)s->progress.phase;
	size_t count = 0;

	for (size_t i = 0; i < s->connection_count; i++)
		count += s->connections[i].asks == ASKS_ATTACH || s->connections[i].asks == ASKS_ATTACHED;
	if (count > ATTACHED_MOST) /* with this one */
		return error_set(e, ERROR_EXISTS, "attach to %s: %d are attached already, which is the most", name, ATTACHED_MOST);
	if (phase == PHASE_STARTING || ((phase == PHASE_RUNNING || phase == PHASE_ENDING) && s->kept.count))
		return 0;
	error_set(e, ERROR_MISSING, "attach to %s: it %s", name, phase == PHASE_WAITING ? "waits for its next start" : "does not run");
	return error_hint(e, phase == PHASE_WAITING ? "box start %s starts it now, box logs -f %s waits for what it writes"
						    : "box start %s starts it, box logs %s shows what it wrote", name, name);
}

void attached_add(struct supervisor *s, struct connection *c, const char *argument, struct control_fds *fds)
{
	autorelease(text) struct text failure = { 0 };
	struct error e = { 0 };
	int64_t run;

	c->asks = ASKS_ATTACH;
	if (!parse(argument, &run, c->heard) || !take_pipes(c, fds)) {
		c->asks = ASKS_NOTHING;
		error_set(&e, ERROR_INTERNAL, "attach to %s: the request makes no sense", s->settings.name);
	} else if (is_over(s, run)) {
		if (run != s->progress.starts) /* it is not known any more */
			say(c, "ended -1 0", NULL);
		else
			say_end(s, c);
	} else if (check(s, &e) == 0) {
		catch_up(s, c, c->heard);
		if (s->progress.phase != PHASE_STARTING)
			greet(s, c);
		return;
	}
	if (e.kind != ERROR_NONE) {
		control_add_failure(&e, &failure);
		say(c, failure.data, NULL);
	}
	c->asks = ASKS_DONE;
}
