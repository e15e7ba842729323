/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - the loop: descriptors and deadlines, and who acts on them.
 *
 * While nothing happens it sleeps in one poll(2) without a time limit.
 */
#include "runtime/supervise/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/spawn.h"

enum { SIGNALLED = 128, CODE_UNKNOWN = 255 };
enum { AT_SIGNALS, AT_LISTENER, AT_APP, AT_HELPER, AT_ANSWER, AT_WATCHER, AT_OUTPUTS,
       AT_CARE = AT_OUTPUTS + OUTPUTS_POLLS, AT_JOB = AT_CARE + CARE_POLLS, AT_CONNECTIONS };
enum { AT_COUNT = AT_CONNECTIONS + CONNECTIONS_MOST };

/* Orphans of the app and of helpers that were killed become our children: nobody else waits for them. */
static void reap_strangers(const struct supervisor *s)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0) {
		if (info.si_pid == s->helper || (s->kept.count && info.si_pid == s->progress.app_pid) || care_knows(s, info.si_pid))
			return; /* that one is seen by its pidfd, and then the others behind it */
		(void)waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			s->is_renewing = true;
		if (info.ssi_signo != SIGTERM)
			continue;
		/* The host goes down, or a service manager wants an end: what the user wants stays as it is. */
		s->is_leaving = true;
		lifecycle_blame(s, "SIGTERM to its supervisor");
		lifecycle_stop(s, -1);
	}
}

/* What to wait for, and until when. */
static int64_t watch(struct supervisor *s, struct pollfd polls[static AT_COUNT])
{
	const int64_t times[] = { lifecycle_deadline(s), care_watch(s, polls + AT_CARE), outputs_watch(s, polls + AT_OUTPUTS),
				  job_watch(s, polls + AT_JOB), notify_deadline(&s->notify) };
	int64_t nearest = INT64_MAX;
	bool is_looking = s->kept.count && !s->has_ended && !s->look_again_ms;

	polls[AT_SIGNALS] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	polls[AT_LISTENER] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	polls[AT_APP] = (struct pollfd){ .fd = is_looking ? s->kept.fds[0] : -1, .events = POLLIN };
	polls[AT_HELPER] = (struct pollfd){ .fd = s->helper ? s->helper_pidfd : -1, .events = POLLIN };
	polls[AT_ANSWER] = (struct pollfd){ .fd = s->progress.phase == PHASE_STARTING ? s->helper_answer : -1, .events = POLLIN };
	polls[AT_WATCHER] = (struct pollfd){ .fd = s->watcher, .events = POLLIN };
	for (size_t i = 0; i < s->connection_count; i++)
		polls[AT_CONNECTIONS + i] = (struct pollfd){ .fd = s->connections[i].fd, .events = POLLIN };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		nearest = times[i] < nearest ? times[i] : nearest;
	return nearest;
}

/* Streams first: what an app wrote before its end is kept before its end is noted. */
static void serve(struct supervisor *s, const struct pollfd polls[static AT_COUNT], size_t connections)
{
	outputs_serve(s, polls + AT_OUTPUTS);
	care_serve(s, polls + AT_CARE);
	job_serve(s, polls + AT_JOB);
	if (polls[AT_ANSWER].revents & POLLIN)
		lifecycle_hear(s);
	if (polls[AT_APP].revents)
		lifecycle_app_ended(s);
	if (polls[AT_HELPER].revents)
		lifecycle_helper_ended(s);
	if (polls[AT_WATCHER].revents && s->watcher >= 0)
		watch_serve(s);
	if (polls[AT_SIGNALS].revents)
		take_signals(s);
	/* From the last one: whoever is dropped leaves its place to a later one. */
	for (size_t i = connections; i-- > 0;)
		if (polls[AT_CONNECTIONS + i].revents && i < s->connection_count && s->connections[i].fd == polls[AT_CONNECTIONS + i].fd)
			requests_serve(s, i);
	if (polls[AT_LISTENER].revents)
		requests_accept(s);
	reap_strangers(s);
}

static int run_loop(struct supervisor *s, struct error *e)
{
	static struct pollfd polls[AT_COUNT];

	while (!s->is_done) {
		int64_t deadline = watch(s, polls), left = deadline - clock_boot_ms();
		size_t connections = s->connection_count;
		int patience = deadline == INT64_MAX ? -1 : left < 0 ? 0 : left < INT_MAX ? (int)left + 1 : INT_MAX;

		if (poll(polls, AT_CONNECTIONS + connections, patience) < 0 && errno != EINTR)
			return error_sys(e, "wait for the app");
		serve(s, polls, connections);
		lifecycle_deadlines(s);
		notify_serve(&s->notify, clock_boot_ms());
		if (s->is_renewing && !s->helper && !s->is_leaving && !s->is_restarting && !s->has_ended) {
			health_put_off(&s->health, clock_boot_ms());
			if (!care_is_busy(s))
				renew(s);
		}
	}
	return 0;
}

static int open_log(struct supervisor *s, struct error *e)
{
	const struct log_options options = {
		.driver = strcmp(s->settings.log_driver, "journald") == 0 ? LOG_DRIVER_JOURNALD : LOG_DRIVER_FILE,
		.max_size = s->settings.log_max_size,
		.max_files = s->settings.log_max_files,
		.is_terminal = s->settings.terminal,
		.names = { .name = s->settings.name, .id = s->settings.name, .image = s->settings.image },
	};

	if (mkdirat(s->definition, "log", 0700) && errno != EEXIST)
		return error_sys(e, "make the folder of the log of %s", s->settings.name);
	s->log_folder = openat(s->definition, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->log_folder < 0)
		return error_sys(e, "open the folder of the log of %s", s->settings.name);
	return log_open(&s->log, s->folder, s->log_folder, &options, e);
}

/* Whoever holds the lock is the supervisor; another one has nothing to do. */
static int take_lock(struct supervisor *s, struct error *e)
{
	autofree char *path = text_format("%s/%s", s->settings.state, s->settings.name);

	s->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->folder < 0)
		return error_sys(e, "open the folder %s", path);
	if (s->lock < 0)
		s->lock = openat(s->folder, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB))
		return error_sys(e, "take the lock of %s", path);
	return 0;
}

static int watch_signals(struct supervisor *s, struct error *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || (s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return error_sys(e, "watch for signals");
	(void)signal(SIGPIPE, SIG_IGN); /* who is attached may go: an answer of write(2), not an end */
	/* The app's first process is a grandchild, until box app-start has done its work and ends. */
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? error_sys(e, "become the parent of the app") : 0;
}

/* What another supervisor noted; or nothing, where this is the first. */
static int read_progress(struct supervisor *s, bool *ret_is_first, struct error *e)
{
	struct last_end last = { 0 };
	struct error missing = { 0 };
	char path[PATH_MAX], link[40];
	ssize_t length;

	*ret_is_first = progress_read(s->folder, &s->progress, &missing) != 0;
	if (*ret_is_first && lines_read(s->definition, LAST_END_FILE, last_end_rows, &last, &missing) == 0)
		s->progress.starts = last.starts;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", s->definition); /* always fits */
	length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return error_sys(e, "find the definition of %s", s->settings.name);
	free(s->progress.definition);
	free(s->progress.program);
	s->progress.definition = alloc_copy_bytes(path, (size_t)length);
	s->progress.program = alloc_copy(s->settings.supervisor);
	s->progress.pid = getpid();
	s->progress.start_time = process_start_time(getpid());
	return 0;
}

/* What systemd sees of the end. An app's own end by a signal is a number, so that a signal is left for the one end after which Restart=
 * must do nothing although nobody asked systemd. */
static int exit_code(const struct supervisor *s)
{
	const char *blamed = s->progress.stopped_by;

	if (!s->settings.unit)
		return 0;
	if (blamed && strcmp(blamed, BLAMED_HEALTH) == 0)
		(void)raise(SIGUSR1); /* RestartPreventExitStatus= */
	if (blamed)
		return 0;
	return s->progress.signal ? SIGNALLED + (int)s->progress.signal : s->progress.code < 0 ? CODE_UNKNOWN : (int)s->progress.code;
}

int supervisor_run(int definition, int lock, int asker, struct error *e)
{
	static struct supervisor s = { .folder = -1, .signals = -1, .listener = -1, .helper_pidfd = -1, .helper_answer = -1, .watcher = -1,
				       .log_folder = -1, .streams = { -1, -1 }, .input = -1 };
	bool is_first;

	s.definition = definition;
	s.lock = lock;
	renewed(&s);
	if (app_settings_read(definition, &s.settings, e) || take_lock(&s, e) || read_progress(&s, &is_first, e) || watch_signals(&s, e))
		return -1;
	s.listener = control_listen(s.folder, "control", e);
	if (s.listener < 0 || open_log(&s, e) || job_open(&s, e))
		return -1;
	notify_open(&s.notify, clock_boot_ms());
	care_open(&s);
	if (asker >= 0)
		requests_add(&s, asker, ASKS_START);
	watch_join(&s);
	if (!is_first && fifos_open(&s, e))
		return -1;
	if (is_first)
		lifecycle_begin(&s);
	else
		lifecycle_resume(&s);
	return run_loop(&s, e) ? -1 : exit_code(&s);
}
