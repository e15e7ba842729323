/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_link.c - a supervisor's side of being watched.
 *
 * The connection is the watch: its end without "bye" is the death of a supervisor to the watcher, and the death of the watcher to every
 * supervisor. Each of these then tries to take the watcher's lock; the one that gets it begins the next watcher, and the others connect
 * to that.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/supervise/spawn.h"
#include "runtime/supervise/supervisor.h"
#include "runtime/supervise/watcher.h"

enum { RETRY_MS = 20, ANSWER_S = 2 };

static int open_folder(const struct supervisor *s)
{
	autofree char *path = text_format("%s/" WATCHER_FOLDER, s->settings.state);

	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The lock of a folder that is still the one: the last watcher may have removed it meanwhile. */
static int take_lock(int folder)
{
	autoclose int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat mine, named;

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) || fstat(lock, &mine) || fstatat(folder, "lock", &named, AT_SYMLINK_NOFOLLOW) ||
	    mine.st_ino != named.st_ino)
		return -1;
	return take_fd(&lock);
}

/* The socket is there before the watcher is: who connects from now on waits for it. */
static void begin_watcher(const struct supervisor *s, int folder)
{
	char *const argv[] = { (char *)WATCHER_TITLE, NULL };
	struct error ignored = { 0 };
	autoclose int lock = take_lock(folder);
	autoclose int listener = lock >= 0 ? control_listen(folder, WATCHER_SOCKET, &ignored) : -1;
	const struct spawn request = { .program = s->settings.supervisor, .argv = argv, .fds = { folder, lock, listener } };

	if (listener >= 0)
		(void)spawn(&request, NULL, &ignored); /* without one, the next attempt begins here again */
}

static int greet(struct supervisor *s, int watcher)
{
	autofree char *message = text_format("watch %s\n%s\n%s\n%s", s->settings.name, s->progress.definition, s->settings.supervisor,
					      s->settings.box);
	const struct timeval patience = { .tv_sec = ANSWER_S };
	autorelease(text) struct text answer = { 0 };
	struct control_fds fds = { 0 };
	struct error ignored = { 0 };

	if (setsockopt(watcher, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) || control_send(watcher, message, NULL, &ignored) ||
	    control_receive(watcher, &answer, &fds, &ignored) <= 0)
		return -1;
	/* What it kept for the supervisor before this one, which may have kept it itself. */
	if (!s->kept.count)
		s->kept = fds;
	else
		control_fds_close(&fds);
	return 0;
}

void watch_join(struct supervisor *s)
{
	autoclose int folder = open_folder(s);
	autoclose int watcher = -1;
	struct error e = { 0 };

	s->join_at_ms = s->settings.unit ? 0 : clock_boot_ms() + RETRY_MS;
	if (folder < 0 || s->settings.unit) /* systemd watches that one */
		return;
	watcher = control_connect(folder, WATCHER_SOCKET, &e);
	if (watcher < 0) {
		begin_watcher(s, folder);
		error_clear(&e);
		watcher = control_connect(folder, WATCHER_SOCKET, &e);
	}
	if (watcher < 0 || greet(s, watcher))
		return;
	s->watcher = take_fd(&watcher);
	s->join_at_ms = 0;
}

void watch_serve(struct supervisor *s)
{
	autorelease(text) struct text message = { 0 };
	struct error ignored = { 0 };

	if (control_try_receive(s->watcher, &message, NULL, &ignored) > 0)
		return; /* a word of a later version */
	close(take_fd(&s->watcher));
	watch_join(s);
	watch_keep(s);
}

void watch_keep(struct supervisor *s)
{
	struct error ignored = { 0 };

	if (s->watcher >= 0 && s->kept.count)
		(void)control_send(s->watcher, "keep", &s->kept, &ignored); /* the end of the connection is seen by the loop */
}

void watch_leave(struct supervisor *s)
{
	struct error ignored = { 0 };

	if (s->watcher >= 0)
		(void)control_send(s->watcher, "bye", NULL, &ignored); /* a watcher that is gone needs no word */
}
