/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - what happened, read from the lines of a file.
 *
 * A reader that has come to the end of a file which is not the log any more (event_log.c) is done with it and opens the new one.
 */
#include "runtime/logs/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "specs/field.h"

enum { CHUNK = 64 << 10 };

#define AT(member) offsetof(struct event, member)

static const struct field event_fields[] = {
	{ "type", FIELD_TEXT, AT(type), .flags = FIELD_OPEN, .help = "container, image or volume" },
	{ "action", FIELD_TEXT, AT(action), .help = "what happened to it" },
	{ "name", FIELD_TEXT, AT(name), .help = "its name" },
	{ "image", FIELD_TEXT, AT(image), .help = "what a container was made from" },
	{ "signal", FIELD_TEXT, AT(signal), .help = "of a kill" },
	{ "pid", FIELD_INTEGER, AT(pid), .max = INT32_MAX, .help = "of a die: first process, on the host" },
	{ "exit_code", FIELD_INTEGER, AT(exit_code), .max = 255, .help = "of a die" },
	{ "time", FIELD_INTEGER, AT(time), .max = INT64_MAX, .help = "seconds since 1970" },
	{ "time_ns", FIELD_INTEGER, AT(time_ns), .max = 999999999, .help = "nanoseconds of the next" },
	{ 0 },
};

#undef AT

struct events {
	int folder;
	int log;     /* the file that is being read, -1: none yet */
	int watch;   /* inotify(7) on the folder */
	struct text unread;
	size_t used; /* bytes of unread that were given out */
};

void event_release(struct event *event)
{
	field_release(event_fields, event);
}

void events_note(const struct places *places, const char *type, const char *action, const char *name, const struct event *more)
{
	event_log_note(places->state, type, action, name, more);
}

struct events *events_open(const struct places *places, bool from_end, struct error *e)
{
	struct events *events = alloc_zeroed(1, sizeof *events);

	*events = (struct events){ .folder = -1, .log = -1, .watch = -1 };
	events->folder = event_log_folder(places->state, e);
	events->watch = events->folder < 0 ? -1 : inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (events->watch >= 0) {
		autofree char *path = text_format("%s/" EVENTS_FOLDER, places->state);

		/* Before the log is read, so that nothing falls between. */
		if (inotify_add_watch(events->watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
			error_sys(e, "watch %s", path);
			events_free(events);
			return NULL;
		}
	}
	if (events->watch < 0) {
		if (events->folder >= 0)
			error_sys(e, "watch the log of events");
		events_free(events);
		return NULL;
	}
	events->log = openat(events->folder, from_end ? EVENT_LOG : EVENT_LOG_BEFORE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from_end && events->log >= 0)
		(void)lseek(events->log, 0, SEEK_END); /* a regular file of ours */
	return events;
}

void events_free(struct events *events)
{
	int saved = errno;

	if (events->folder >= 0)
		close(events->folder);
	if (events->log >= 0)
		close(events->log);
	if (events->watch >= 0)
		close(events->watch);
	text_release(&events->unread);
	free(events);
	errno = saved;
}

/* More of the log; 0 at the end of what there is. */
static ssize_t read_more(struct events *events)
{
	for (;;) {
		/* Asked before the end is seen: what was written until the file lost its name is read first. */
		bool is_current = events->log >= 0 && event_log_is_still(events->folder, EVENT_LOG, events->log);
		ssize_t got = events->log < 0 ? 0 : read(events->log, text_reserve(&events->unread, CHUNK), CHUNK);
		int next;

		if (got > 0)
			text_grow(&events->unread, (size_t)got);
		if (got != 0 || is_current)
			return got;
		next = openat(events->folder, EVENT_LOG, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return errno == ENOENT ? 0 : -1;
		if (events->log >= 0)
			close(events->log);
		events->log = next;
	}
}

/* A whole line that was not given out, ended by a zero byte in place of its end; NULL without one. */
static char *take_line(struct events *events, size_t *ret_length)
{
	char *line = events->unread.data ? events->unread.data + events->used : NULL;
	char *end = line ? memchr(line, '\n', events->unread.length - events->used) : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*ret_length = (size_t)(end - line);
	events->used += *ret_length + 1;
	return line;
}

int events_next(struct events *events, struct event *ret, struct error *e)
{
	for (;;) {
		struct event event = { 0 };
		struct error ignored = { 0 };
		size_t length = 0;
		ssize_t got;
		const char *line = take_line(events, &length);

		if (line && field_decode_text(line, length, EVENT_LOG, event_fields, &event, &ignored) == 0 && event.type && event.action &&
		    event.name) {
			*ret = event;
			return 1;
		}
		event_release(&event);
		if (line)
			continue;
		/* What was given out goes; the beginning of a line stays. */
		events->unread.length -= events->used;
		if (events->used)
			memmove(events->unread.data, events->unread.data + events->used, events->unread.length);
		events->used = 0;
		got = read_more(events);
		if (got < 0)
			return error_sys(e, "read the log of events");
		if (got == 0)
			return 0;
	}
}

int events_wait(struct events *events, int timeout_ms, struct error *e)
{
	struct pollfd watch = { .fd = events->watch, .events = POLLIN };
	int ready = poll(&watch, 1, timeout_ms);
	char buffer[4096];

	if (ready < 0)
		return error_sys(e, "wait for events");
	while (read(events->watch, buffer, sizeof buffer) > 0)
		; /* that there was something is all we want to know */
	return ready;
}
