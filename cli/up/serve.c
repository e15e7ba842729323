/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - box up-serve NAME: the main process of a unit that stands for all that box up has made of a name (runtime/apps/kept.h).
 *
 *     start -> READY -> look now and then: nothing runs any more? -> end, with the first bad exit code
 *       |        ^
 *       +-(some of it does not start: STATUS says so, and it is tried again a few times; nothing of it at all: the end)
 *     SIGTERM, at any time -> stop all of it in reverse -> end
 *
 * It holds nothing: killed, it begins again, and finds everything as it was. Who starts and stops is a child, since that may take its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/up/for_cli.h"
#include "cli/up/up.h"
#include "runtime/apps/apps.h"
#include "runtime/background.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/notify.h"

enum {
	LOOK_S = 5,
	LOOKS_MOST = 2,    /* after so many that found nothing it is over: between a stop and a start there is a moment */
	TRIES_MOST = 5,
	TRY_AGAIN_MS = 30000,
	TRY_SOON_MS = 5000, /* where nothing runs: whoever asked for the start waits, and a host that has just been started may need it */
	STOP_MORE_S = 60,  /* of time to stop, asked for at each look */
};

/* What there is of the name. */
struct picture {
	size_t live, running, done;
	size_t untried; /* of the others: those that have not run since we are there. What has run and ended is its "restart"'s business */
	bool is_alive; /* something of it runs, of whatever generation */
	int status;    /* the first exit code that is not 0 */
};

struct serve {
	const struct call *call;
	const char *name;
	struct notify notify;
	pid_t child;        /* starts or stops; 0: nobody does */
	bool is_ending;     /* the child stops, and then it is over */
	struct timespec began; /* by the clock of files */
	int tries;          /* starts that were begun */
	int64_t again_ms;   /* the next one; 0: all is started, or it is given up */
	int idle;           /* looks in a row that found nothing */
	struct text told;   /* its last STATUS */
};

static bool has_run_since(const struct serve *s, const char *name)
{
	struct error ignored = { 0 };
	autoclose int definition = apps_open(s->call->places, name, NULL, &ignored);
	struct stat st;

	/* What it says of the end is in whole seconds: too coarse, behind a stop and a start. It is empty before the first run. */
	if (definition < 0 || fstatat(definition, LAST_END_FILE, &st, AT_SYMLINK_NOFOLLOW) || !st.st_size)
		return false;
	return st.st_mtim.tv_sec != s->began.tv_sec ? st.st_mtim.tv_sec > s->began.tv_sec : st.st_mtim.tv_nsec > s->began.tv_nsec;
}

static void add(const struct serve *s, const struct instance *instance, const struct instance_condition *condition, struct picture *ret)
{
	bool is_over = condition->has_run && !condition->is_supervised;
	bool is_done = is_over && !condition->code && !condition->signal && !condition->was_stopped && strcmp(instance->restart, "no") == 0;

	ret->is_alive |= condition->is_supervised;
	if (instance->role != INSTANCE_LIVE)
		return;
	ret->live++;
	ret->running += condition->is_supervised;
	ret->done += is_done;
	ret->untried += !condition->is_supervised && !is_done && !has_run_since(s, instance->name);
	if (is_over && !ret->status)
		ret->status = background_exit_status(condition->code, condition->signal);
}

static int take_picture(const struct serve *s, struct picture *ret, struct error *e)
{
	const struct up_options options = { .quiet = true };
	struct up up = { .call = s->call, .options = &options, .name = s->name, .lock = -1 };
	int result = up_look(&up, e);

	*ret = (struct picture){ 0 };
	for (size_t i = 0; i < up.found.count && result == 0; i++)
		add(s, &up.found.items[i], &up.conditions[i], ret);
	up_release(&up);
	return result;
}

/* prefix: other lines, or "". The same is not said again. */
static void tell(struct serve *s, const struct picture *picture, const char *prefix)
{
	autorelease(text) struct text words = { 0 };

	text_addf(&words, "STATUS=%zu of %zu run", picture->running, picture->live);
	if (picture->done)
		text_addf(&words, ", %zu done", picture->done);
	text_add(&words, picture->running + picture->done < picture->live ? "; box ps -a says which do not" : "");
	if (!*prefix && s->told.length && strcmp(s->told.data, words.data) == 0)
		return;
	notify_send(&s->notify, "%s%s", prefix, words.data);
	text_release(&s->told);
	s->told = words;
	words = (struct text){ 0 };
}

static int stop_all(const struct call *call, const char *name)
{
	const struct up_options options = { .quiet = true };
	struct up up = { .call = call, .options = &options, .name = name, .lock = -1 };
	struct error e = { 0 };
	int status = up_lock(&up, name, &e) || up_look(&up, &e) ? report_failure(&e) : up_stop(&up);

	up_release(&up);
	return status;
}

static int start_all(const struct call *call, const char *name)
{
	return stack_start(call, name, /* quiet= */ true);
}

static int begin(struct serve *s, int (*act)(const struct call *call, const char *name), struct error *e)
{
	pid_t pid = process_clone_bound(/* ret_pidfd= */ NULL, e);
	sigset_t none;

	s->child = pid > 0 ? pid : 0;
	if (pid)
		return pid < 0 ? -1 : 0;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	_exit(act(s->call, s->name));
}

static int start(struct serve *s, struct error *e)
{
	s->tries++;
	s->again_ms = 0;
	notify_send(&s->notify, "STATUS=starting");
	return begin(s, start_all, e);
}

static int stop(struct serve *s, struct error *e)
{
	if (s->child) { /* what a killed start has left is stopped as well */
		(void)kill(s->child, SIGKILL);
		(void)waitpid(s->child, NULL, 0);
	}
	s->is_ending = true;
	notify_send(&s->notify, "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=%d000000", STOP_MORE_S);
	return begin(s, stop_all, e);
}

/* The exit code, or -1: it goes on. */
static int child_ended(struct serve *s, int status)
{
	struct picture picture;
	struct error e = { 0 };
	bool again;

	s->child = 0;
	if (s->is_ending)
		return status ? 1 : 0;
	if (take_picture(s, &picture, &e))
		return report_failure(&e);
	again = status && picture.untried && s->tries < TRIES_MOST;
	if (status && !picture.is_alive && !again)
		return picture.status ? picture.status : 1;
	if (again)
		s->again_ms = clock_boot_ms() + (picture.is_alive ? TRY_AGAIN_MS : TRY_SOON_MS);
	tell(s, &picture, picture.is_alive || !status ? "READY=1\n" : "");
	return -1;
}

static int look(struct serve *s, struct error *e)
{
	struct picture picture;

	if (s->is_ending)
		notify_send(&s->notify, "EXTEND_TIMEOUT_USEC=%d000000", STOP_MORE_S);
	if (s->child)
		return -1;
	if (s->again_ms && s->again_ms <= clock_boot_ms())
		return start(s, e) ? report_failure(e) : -1;
	if (s->again_ms)
		return -1;
	if (take_picture(s, &picture, e))
		return report_failure(e);
	/* That nothing runs means nothing while somebody replaces it. */
	s->idle = picture.is_alive || up_is_locked(s->call, s->name) ? 0 : s->idle + 1;
	tell(s, &picture, "");
	return s->idle < LOOKS_MOST ? -1 : picture.status;
}

static int serve(struct serve *s, struct error *e)
{
	const struct timespec patience = { .tv_sec = LOOK_S };
	int end = -1, status;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* cannot fail */
	notify_open(&s->notify, 0);
	if (start(s, e))
		return report_failure(e);
	while (end < 0) {
		int number = sigtimedwait(&signals, NULL, &patience);

		if ((number == SIGTERM || number == SIGINT) && !s->is_ending && stop(s, e))
			end = report_failure(e);
		else if (number == SIGCHLD && s->child && waitpid(s->child, &status, WNOHANG) == s->child)
			end = child_ended(s, status);
		else if (number < 0 && errno == EAGAIN)
			end = look(s, e);
	}
	return end;
}

int command_up_serve(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct serve s = { .call = call };
	struct error e = { 0 };
	int status;

	if (options_parse(no_options, OPERANDS_ANYWHERE, call->argv, NULL, &operands, NULL, &e) ||
	    (operands.count != 1 && error_set(&e, ERROR_USAGE, "up-serve: expected NAME")))
		return report_failure(&e);
	s.name = operands.items[0];
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &s.began); /* cannot fail */
	status = serve(&s, &e);
	text_release(&s.told);
	return status;
}
