/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watcher.c - replaces supervisors which die, and keeps for them what has to stay open meanwhile.
 *
 * A pidfd of the app is such a thing: through one that was open in time the kernel tells how the app ended, even if nobody waited for it.
 * Each supervisor has a connection; one that ends without "bye" is a death. The app's supervisor is then begun anew, again and again, less
 * and less often, until one connects under that name, or until the app's definition is gone.
 */
#include "runtime/supervise/watcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/control.h"
#include "runtime/supervise/progress.h"
#include "runtime/supervise/spawn.h"

enum { RETRY_FIRST_MS = 100, RETRY_MOST_MS = 60000, RENEW_MS = 1000, LOOK_AGAIN_MS = 1000 };

struct watched {
	int fd;              /* -1: it is dead, and a new one is awaited */
	char *name;          /* NULL: it has not said yet */
	char *definition;
	char *program;
	struct control_fds kept;
	int64_t retry_ms, retry_after_ms;
	bool is_renewing;    /* it has announced the end of the connection, and will be back */
};

struct watcher {
	struct watched *items;
	size_t count;
	char *box; /* as the last supervisor knows it */
	bool is_old; /* another program is installed by now */
	bool stays;  /* also where there is nobody to watch, until SIGTERM */
	int64_t look_again_ms; /* for the dead; 0: no more */
};

static volatile sig_atomic_t is_asked_to_end;

static void drop(struct watcher *w, size_t index)
{
	struct watched *item = &w->items[index];

	if (item->fd >= 0)
		close(item->fd);
	control_fds_close(&item->kept);
	free(item->name);
	free(item->definition);
	free(item->program);
	*item = w->items[--w->count];
}

/* One that finds the lock taken ends at once; whoever holds it will connect. */
static void begin_supervisor(struct watched *item)
{
	autofree char *title = text_format("box:[supervise] %s", item->name);
	char *const argv[] = { title, NULL };
	autoclose int definition = open(item->definition, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct spawn request = { .program = item->program, .argv = argv, .fds = { definition, -1, -1 } };
	struct error ignored = { 0 };

	item->retry_after_ms = item->retry_after_ms ? item->retry_after_ms * 2 : RETRY_FIRST_MS;
	if (item->retry_after_ms > RETRY_MOST_MS)
		item->retry_after_ms = RETRY_MOST_MS;
	item->retry_ms = clock_boot_ms() + item->retry_after_ms;
	if (definition >= 0)
		(void)spawn(&request, NULL, &ignored); /* tried again */
}

/* The next line, as a copy; *at moves behind it. */
static char *take_line(const char **at)
{
	size_t length = strcspn(*at, "\n");
	char *line = alloc_copy_bytes(*at, length);

	*at += length + ((*at)[length] != '\0');
	return line;
}

/* The lines of "watch …" (control.h). False: it is something else. */
static bool take_greeting(struct watcher *w, struct watched *item, const char *message)
{
	const char *at = message + strlen("watch ");

	if (!text_starts(message, "watch "))
		return false;
	item->name = take_line(&at);
	item->definition = take_line(&at);
	item->program = take_line(&at);
	free(w->box);
	w->box = take_line(&at);
	return true;
}

/* The new supervisor gets what was kept for the dead one. */
static void hand_over(struct watcher *w, size_t index)
{
	struct error ignored = { 0 };

	for (size_t i = 0; i < w->count; i++) {
		struct watched *old = &w->items[i];

		if (i == index || !old->name || strcmp(old->name, w->items[index].name) != 0)
			continue;
		w->items[index].kept = old->kept;
		old->kept.count = 0;
		break;
	}
	(void)control_send(w->items[index].fd, "kept", &w->items[index].kept, &ignored); /* its end is seen next */
	for (size_t i = w->count; i-- > 0;)
		if (i != index && w->items[i].name && strcmp(w->items[i].name, w->items[index].name) == 0) {
			index = index == w->count - 1 ? i : index; /* drop moves the last one */
			drop(w, i);
		}
}

/* Whether path leads to another file than the one that this process runs from. */
static bool is_replaced(const char *path)
{
	struct stat mine, installed;

	return stat(path, &installed) == 0 && stat("/proc/self/exe", &mine) == 0 &&
	       (installed.st_ino != mine.st_ino || installed.st_dev != mine.st_dev);
}

static void serve(struct watcher *w, size_t index)
{
	struct watched *item = &w->items[index];
	autorelease(text) struct text message = { 0 };
	struct control_fds fds = { 0 };
	struct error ignored = { 0 };
	int got = control_try_receive(item->fd, &message, &fds, &ignored);

	if (got < 0 && ignored.sys == EAGAIN)
		return;
	if (got > 0 && strcmp(message.data, "keep") == 0) {
		control_fds_close(&item->kept);
		item->kept = fds;
		return;
	}
	control_fds_close(&fds);
	if (got > 0 && item->name && strcmp(message.data, "renew") == 0) {
		item->is_renewing = true;
		w->is_old = is_replaced(item->program);
		return;
	}
	if (got > 0 && !item->name && take_greeting(w, item, message.data)) {
		hand_over(w, index);
		return;
	}
	if (got > 0 || !item->name) {
		drop(w, index); /* "bye"; or somebody else */
		return;
	}
	close(take_fd(&item->fd));
	if (item->is_renewing)
		item->retry_ms = clock_boot_ms() + RENEW_MS;
	else
		begin_supervisor(item);
}

static bool is_watched(const struct watcher *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].name && strcmp(w->items[i].name, name) == 0)
			return true;
	return false;
}

/* Watchers and supervisors may have been killed together: whoever is dead by the notes in the state folder is begun anew. */
static void find_dead(struct watcher *w, int folder)
{
	autoclosedir DIR *entries = folder_open(folder, "..", 0);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		autoclose int state = -1;
		struct progress progress = { 0 };
		struct error ignored = { 0 };
		struct watched *item;

		if (entry->d_name[0] == '.' || is_watched(w, entry->d_name))
			continue;
		state = openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (state < 0 || progress_read(state, &progress, &ignored))
			continue;
		if (!process_lives((pid_t)progress.pid, progress.start_time)) {
			item = alloc_append(&w->items, &w->count, sizeof *item);
			*item = (struct watched){ .fd = -1, .name = alloc_copy(entry->d_name) };
			item->definition = take_ptr(&progress.definition);
			item->program = take_ptr(&progress.program);
			begin_supervisor(item);
		}
		progress_release(&progress);
	}
}

/* Not any more where the app was removed, or where its supervisor died after everything else was gone. */
static bool is_needed(const struct watched *item, int folder)
{
	autofree char *state = text_format("../%s", item->name);

	return access(item->definition, F_OK) == 0 && faccessat(folder, state, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void retry(struct watcher *w, int folder)
{
	int64_t now = clock_boot_ms();

	for (size_t i = w->count; i-- > 0;) {
		if (w->items[i].fd >= 0 || w->items[i].retry_ms > now)
			continue;
		if (!is_needed(&w->items[i], folder))
			drop(w, i);
		else
			begin_supervisor(&w->items[i]);
	}
}

static int patience(const struct watcher *w)
{
	int64_t nearest = w->look_again_ms ? w->look_again_ms : INT64_MAX;

	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].fd < 0 && w->items[i].retry_ms < nearest)
			nearest = w->items[i].retry_ms;
	if (nearest == INT64_MAX)
		return -1;
	nearest -= clock_boot_ms();
	return nearest < 0 ? 0 : (int)nearest + 1;
}

static int wait_for_words(struct watcher *w, int listener, struct pollfd *polls, struct error *e)
{
	size_t count = w->count;
	int timeout_ms = patience(w);
	const struct timespec timeout = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
	sigset_t none;

	(void)sigemptyset(&none);
	for (size_t i = 0; i < count; i++)
		polls[i] = (struct pollfd){ .fd = w->items[i].fd, .events = POLLIN };
	polls[count] = (struct pollfd){ .fd = listener, .events = POLLIN };
	/* The keeper's SIGTERM comes here and nowhere else. */
	if (ppoll(polls, count + 1, timeout_ms < 0 ? NULL : &timeout, &none) < 0)
		return errno == EINTR ? 0 : error_sys(e, "wait for supervisors");
	/* What is dropped leaves its place to the last one; so from there. What came in between is seen next time. */
	for (size_t i = count; i-- > 0;)
		if (i < w->count && polls[i].revents && w->items[i].fd == polls[i].fd)
			serve(w, i);
	if (polls[count].revents) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			*(struct watched *)alloc_append(&w->items, &w->count, sizeof *w->items) = (struct watched){ .fd = fd };
	}
	return 0;
}

/* Whether there is, or will be, something to do. */
static bool goes_on(const struct watcher *w, bool had_any)
{
	if (w->is_old || is_asked_to_end)
		return false;
	return w->stays || w->count || !had_any; /* the supervisor that began it is about to connect */
}

static int watch(struct watcher *w, int folder, int listener, struct error *e)
{
	struct pollfd *polls = NULL;
	bool had_any = false;
	int result = 0;

	find_dead(w, folder);
	/* Who was killed a moment ago may still live by its notes: a killed process ends when it gets the processor. */
	w->look_again_ms = clock_boot_ms() + LOOK_AGAIN_MS;
	while (result == 0 && goes_on(w, had_any)) {
		polls = alloc_resize(polls, w->count + 1, sizeof *polls);
		result = wait_for_words(w, listener, polls, e);
		had_any |= w->count > 0;
		if (w->look_again_ms && clock_boot_ms() >= w->look_again_ms) {
			w->look_again_ms = 0;
			find_dead(w, folder);
		}
		retry(w, folder);
	}
	free(polls);
	if (w->is_old || w->count)
		return result; /* every supervisor sees the end of its connection, and one of them begins the new program */
	free(w->items);
	/* Who connects from here on sees the end of the connection, and begins another one. */
	(void)unlinkat(folder, WATCHER_SOCKET, 0);
	(void)unlinkat(folder, "lock", 0);
	(void)unlinkat(folder, "../" WATCHER_FOLDER, AT_REMOVEDIR);
	if (result == 0 && w->box)
		(void)execve(w->box, (char *const[]){ w->box, (char *)"watch-leave", NULL }, environ); /* else the group stays */
	free(w->box);
	return result;
}

int watcher_run(int folder, int lock, int listener, struct error *e)
{
	struct watcher w = { 0 };

	(void)lock; /* held until the end */
	return watch(&w, folder, listener, e);
}

static void end(int signal)
{
	(void)signal;
	is_asked_to_end = 1;
}

/* From here on SIGTERM waits for the next ppoll; before, it ends a process that has nothing to clear away. */
static int hold_signal(struct error *e)
{
	const struct sigaction action = { .sa_handler = end };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	return sigprocmask(SIG_BLOCK, &set, NULL) || sigaction(SIGTERM, &action, NULL) ? error_sys(e, "wait for SIGTERM") : 0;
}

/* The lock of a folder that is still the one, when its holder is gone; -1: not this time, or with an error. */
static int await_lock(int folder, struct error *e)
{
	autoclose int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat mine, named;

	if (lock < 0 && errno == ENOENT)
		return -1; /* the last watcher has just removed the folder */
	if (lock < 0 || flock(lock, LOCK_EX) || fstat(lock, &mine))
		return error_sys(e, "take the lock of the watcher");
	if (fstatat(folder, "lock", &named, AT_SYMLINK_NOFOLLOW) || mine.st_ino != named.st_ino)
		return -1;
	return take_fd(&lock);
}

int keeper_run(int state, const char *box, struct error *e)
{
	for (;;) {
		struct watcher w = { .stays = true, .box = alloc_copy(box) };
		autoclose int folder = -1, lock = -1, listener = -1;

		if (mkdirat(state, WATCHER_FOLDER, 0700) && errno != EEXIST)
			return error_sys(e, "make the folder of the watcher");
		folder = openat(state, WATCHER_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (folder < 0 && errno != ENOENT)
			return error_sys(e, "open the folder of the watcher");
		lock = folder < 0 ? -1 : await_lock(folder, e);
		if (lock < 0 && e->kind != ERROR_NONE)
			return -1;
		if (lock >= 0) {
			listener = hold_signal(e) ? -1 : control_listen(folder, WATCHER_SOCKET, e);
			return listener < 0 ? -1 : watch(&w, folder, listener, e);
		}
		free(w.box);
	}
}
