/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets.c - the sources of an app's secrets, watched while it runs.
 */
#include "runtime/supervise/secrets.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/spawn.h"

#define SOURCES_FILE "secrets" /* of the definition: each path ends with a zero byte */

enum {
	SOURCES_LIMIT = 1 << 20,
	LINKS_MOST = 40, /* as the kernel has it */
	SETTLE_MS = 500, /* without a change */
	SETTLE_MOST_MS = 5000,
	PAUSED_MS = 1000,
	BLIND_MS = 60000,
};

int secrets_define(int definition, const struct list *paths, struct error *e)
{
	autorelease(text) struct text file = { 0 };

	for (size_t i = 0; i < paths->count; i++)
		text_add_bytes(&file, paths->items[i], strlen(paths->items[i]) + 1);
	return file_replace(definition, SOURCES_FILE, file.data, file.length, 0600, e);
}

void secrets_open(struct secrets *s, const struct probe_app *app, int definition, int state, int log)
{
	autorelease(text) struct text file = { 0 };
	struct error ignored = { 0 };

	*s = (struct secrets){
		.app = *app, .definition = definition, .state = state, .log = log, .watch = -1, .due_ms = INT64_MAX
	};
	if (file_read(definition, SOURCES_FILE, SOURCES_LIMIT, &file, &ignored))
		return; /* nothing follows its source */
	for (size_t at = 0; at < file.length; at += strlen(file.data + at) + 1)
		list_add(&s->paths, file.data + at);
}

static void forget_spots(struct secrets *s)
{
	for (size_t i = 0; i < s->spot_count; i++)
		free(s->spots[i].name);
	free(s->spots);
	s->spots = NULL;
	s->spot_count = 0;
	if (s->watch >= 0)
		close(take_fd(&s->watch));
}

static void add_spot(struct secrets *s, const char *folder, const char *name)
{
	int number = inotify_add_watch(s->watch, folder,
				       IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE |
					       IN_ATTRIB | IN_ONLYDIR);
	struct secrets_spot *spot;

	if (number < 0) {
		/* One that is missing is seen when it is made. */
		s->is_blind = s->is_blind || access(folder, F_OK) == 0;
		return;
	}
	spot = alloc_append(&s->spots, &s->spot_count, sizeof *s->spots);
	*spot = (struct secrets_spot){ number, alloc_copy(name) };
}

/* The folder above path; "/" above itself. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		slash[slash == path] = '\0';
}

/* Every folder that the kernel looks into on the way to path. */
static void add_path(struct secrets *s, const char *path)
{
	autofree char *folder = alloc_copy("/"), *rest = alloc_copy(path);

	for (int links = 0; links < LINKS_MOST;) {
		const char *begin = rest + strspn(rest, "/");
		size_t length = strcspn(begin, "/");
		autofree char *name = alloc_copy_bytes(begin, length);
		autofree char *whole = text_format("%s%s%s", folder, folder[1] ? "/" : "", name);
		autofree char *later = alloc_copy(begin + length);
		char link[PATH_MAX];
		ssize_t got;

		if (!length)
			return;
		free(rest);
		rest = take_ptr(&later);
		if (strcmp(name, "..") == 0)
			go_up(folder);
		if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
			continue;
		add_spot(s, folder, name);
		got = readlink(whole, link, sizeof link - 1);
		if (got < 0) {
			free(folder);
			folder = take_ptr(&whole);
			continue;
		}
		links++;
		link[got] = '\0';
		later = text_format("%s/%s", link, rest);
		free(rest);
		rest = take_ptr(&later);
		if (link[0] == '/')
			folder[1] = '\0';
	}
}

static void set_watches(struct secrets *s)
{
	forget_spots(s);
	s->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	s->is_blind = s->watch < 0;
	for (size_t i = 0; i < s->paths.count && s->watch >= 0; i++)
		add_path(s, s->paths.items[i]);
}

void secrets_begin(struct secrets *s, int64_t now_ms)
{
	if (!s->paths.count)
		return;
	set_watches(s);
	s->first_ms = 0;
	s->due_ms = now_ms;
}

void secrets_rest(struct secrets *s)
{
	struct process_end end;
	struct error ignored = { 0 };

	s->due_ms = INT64_MAX;
	if (s->paths.count)
		forget_spots(s);
	if (!s->pid)
		return;
	(void)process_signal(s->pidfd, SIGKILL); /* fails where it has just ended */
	(void)process_wait(s->pidfd, &end, &ignored);
	close(s->pidfd);
	s->pid = 0;
}

int64_t secrets_watch(const struct secrets *s, struct pollfd *polls)
{
	polls[0] = (struct pollfd){ .fd = s->paths.count ? s->watch : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = s->pid ? s->pidfd : -1, .events = POLLIN };
	return s->pid ? INT64_MAX : s->due_ms;
}

static bool matters(const struct secrets *s, const struct inotify_event *event)
{
	/* Too much for the kernel to keep, or a folder that is gone. */
	if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT))
		return true;
	for (size_t i = 0; i < s->spot_count; i++)
		if (s->spots[i].folder == event->wd && event->len && strcmp(s->spots[i].name, event->name) == 0)
			return true;
	return false;
}

static bool has_changed(const struct secrets *s)
{
	_Alignas(struct inotify_event) char events[4096];
	bool found = false;
	ssize_t got;

	while ((got = read(s->watch, events, sizeof events)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);

			found = found || matters(s, event);
			at += (ssize_t)(sizeof *event + event->len);
		}
	return found;
}

static void start(struct secrets *s)
{
	autorelease(list) struct list argv = { 0 };
	struct spawn request = { .program = s->app.box, .fds = { s->definition, s->log, -1 }, .is_helper = true };
	struct error ignored = { 0 };
	pid_t pid;

	list_add(&argv, s->app.box);
	list_addf(&argv, "--root=%s", s->app.state);
	list_addf(&argv, "--store=%s", s->app.store);
	list_add(&argv, "app-secrets");
	list_add(&argv, s->app.name);
	request.argv = argv.items;
	pid = spawn(&request, &s->pidfd, &ignored);
	s->pid = pid > 0 ? pid : 0;
}

/* The watches first: a change while the program reads is seen. */
static void do_due(struct secrets *s, int64_t now_ms)
{
	s->first_ms = 0;
	/* A paused app can do nothing about it. */
	if (faccessat(s->state, HEALTH_PAUSED_FILE, F_OK, 0) == 0) {
		s->due_ms = now_ms + PAUSED_MS;
		return;
	}
	set_watches(s);
	start(s);
	/* The host may have no process left. */
	s->due_ms = s->is_blind || !s->pid ? now_ms + BLIND_MS : INT64_MAX;
}

bool secrets_serve(struct secrets *s, const struct pollfd *polls, int64_t now_ms)
{
	struct process_end end = { 0 };
	struct error ignored = { 0 };
	bool needs_restart = false;

	if (!s->paths.count)
		return false;
	if (s->pid && polls[1].revents && process_try_wait(s->pidfd, &end, &ignored) != 0) {
		close(s->pidfd);
		s->pid = 0;
		needs_restart = end.code == SECRETS_WANT_RESTART && !end.signal;
	}
	if (s->watch >= 0 && polls[0].revents && has_changed(s)) {
		s->first_ms = s->first_ms ? s->first_ms : now_ms;
		s->due_ms = now_ms + SETTLE_MS < s->first_ms + SETTLE_MOST_MS ? now_ms + SETTLE_MS
									      : s->first_ms + SETTLE_MOST_MS;
	}
	if (!s->pid && now_ms >= s->due_ms)
		do_due(s, now_ms);
	return needs_restart;
}
