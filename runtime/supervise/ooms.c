/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ooms.c - processes of the app that the kernel ends for want of memory.
 */
#include "runtime/supervise/ooms.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"

enum {
	FILE_MOST = 512, /* memory.events has six short lines */
	SOON_MS = 20,    /* cgroup v1 signals first, and then kills and counts: the next look comes after so long, */
	LATER = 8,       /* and those after it after so many times as long */
};

#define KEY "oom_kill "

void ooms_begin(struct ooms *o, const int *fds, int64_t count, int64_t seen)
{
	*o = (struct ooms){ .counts = count > 0 ? fds[0] : -1, .event = count > 1 ? fds[1] : -1, .seen = seen };
}

int64_t ooms_watch(const struct ooms *o, struct pollfd *poll)
{
	bool has_event = o->event >= 0;

	if (o->counts < 0) {
		*poll = (struct pollfd){ .fd = -1 };
		return INT64_MAX;
	}
	*poll = (struct pollfd){ .fd = o->rest_until_ms ? -1 : has_event ? o->event : o->counts, .events = has_event ? POLLIN : POLLPRI };
	return o->rest_until_ms ? o->rest_until_ms : INT64_MAX;
}

/* Reading makes it quiet again, too: the file until the next change, the eventfd until the next signal. */
static int64_t read_kills(const struct ooms *o)
{
	char content[FILE_MOST + 1], *line, *next;
	uint64_t signals;
	ssize_t length;
	int64_t kills;

	if (o->event >= 0)
		(void)!read(o->event, &signals, sizeof signals); /* it is non-blocking, and only the file counts */
	length = pread(o->counts, content, FILE_MOST, 0);
	if (length <= 0)
		return -1;
	content[length] = '\0';
	for (line = content; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, KEY, strlen(KEY)) == 0)
			return number_parse(line + strlen(KEY), 0, INT64_MAX, &kills) ? -1 : kills;
	}
	return -1;
}

static bool look(struct ooms *o)
{
	int64_t kills = o->counts < 0 ? -1 : read_kills(o);
	bool is_more = kills > o->seen;

	if (kills < 0)
		o->counts = o->event = -1; /* a kernel that does not count, or a group that is gone */
	else
		o->seen = kills;
	return is_more;
}

bool ooms_serve(struct ooms *o, const struct pollfd *poll, int64_t now_ms)
{
	bool was_resting = o->rest_until_ms, is_more;

	if (o->counts < 0 || (was_resting ? now_ms < o->rest_until_ms : !poll->revents))
		return false;
	is_more = look(o);
	if (is_more)
		o->rest_ms = OOM_REST_MS;
	else if (!was_resting)
		o->rest_ms = SOON_MS;
	else if (o->rest_ms < OOM_REST_MS)
		o->rest_ms *= LATER;
	else
		o->rest_ms = 0; /* what came meanwhile has been looked at */
	o->rest_until_ms = o->rest_ms ? now_ms + o->rest_ms : 0;
	return is_more;
}

bool ooms_end(struct ooms *o)
{
	bool is_more = look(o);

	o->counts = o->event = -1;
	return is_more;
}
