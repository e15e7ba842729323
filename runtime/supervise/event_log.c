/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_log.c - what happened, written as lines of a file.
 *
 * A writer appends under flock(2) on the log, after it has seen that the file still has its name: behind a rename nobody writes to the
 * old file any more.
 */
#include "runtime/supervise/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"

enum { LOG_BYTES = 1 << 20, TRIES = 10 };

int event_log_folder(const char *state, struct error *e)
{
	autofree char *path = text_format("%s/" EVENTS_FOLDER, state);
	autoclose int top = folder_make_private(state, e);

	return top < 0 ? -1 : folder_make_private(path, e);
}

bool event_log_is_still(int folder, const char *name, int file)
{
	struct stat by_name, by_descriptor;

	return fstatat(folder, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(file, &by_descriptor) == 0 &&
	       by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev;
}

/* The log, locked; a full one becomes the one before. */
static int open_log(int folder, struct error *e)
{
	for (int i = 0; i < TRIES; i++) {
		autoclose int log = openat(folder, EVENT_LOG, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat st;

		if (log < 0 || (flock(log, LOCK_EX) && errno != EINTR) || fstat(log, &st))
			break;
		if (!event_log_is_still(folder, EVENT_LOG, log))
			continue;
		if (st.st_size < LOG_BYTES)
			return take_fd(&log);
		if (renameat(folder, EVENT_LOG, folder, EVENT_LOG_BEFORE))
			break;
	}
	return error_sys(e, "open the log of events");
}

static void describe(const char *type, const char *action, const char *name, const struct event *more, struct text *ret)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	text_add_char(ret, '{');
	json_add_member(ret, "type", type);
	json_add_member(ret, "action", action);
	json_add_member(ret, "name", name);
	if (more) {
		json_add_member(ret, "image", more->image);
		json_add_member(ret, "signal", more->signal);
	}
	if (more)
		json_add_nonzero(ret, "pid", (uint64_t)more->pid);
	if (more && strcmp(action, "die") == 0)
		json_add_number(ret, "exit_code", (uint64_t)more->exit_code);
	json_add_number(ret, "time", (uint64_t)now.tv_sec);
	json_add_number(ret, "time_ns", (uint64_t)now.tv_nsec);
	text_add(ret, "}\n");
}

void event_log_note(const char *state, const char *type, const char *action, const char *name, const struct event *more)
{
	autorelease(text) struct text line = { 0 };
	struct error e = { 0 };
	autoclose int folder = event_log_folder(state, &e);
	autoclose int log = folder < 0 ? -1 : open_log(folder, &e);

	describe(type, action, name, more, &line);
	if (log >= 0 && write_all(log, line.data, line.length))
		error_sys(&e, "write the log of events");
	if (e.kind != ERROR_NONE)
		log_debug("note that %s %s: %s", action, name, e.text);
}
