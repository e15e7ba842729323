/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_stack.c - box run of a file with services.
 *
 * In the foreground it is box up, box logs -f and box down, one after the other. A signal that asks for the end is heeded in the first two:
 * the services are stopped in reverse, and nothing is left half-way.
 */
#include "cli/up/for_cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/logs_follow.h"
#include "cli/report.h"
#include "cli/up/up.h"
#include "runtime/background.h"
#include "runtime/box.h"

enum { SIGNALLED = 128 };

/* From here on they are waited for, and nothing of this process ends by them. Others have them as ever. */
static void hold_signals(sigset_t *ret)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGCHLD };
	struct sigaction hangup;

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(ret, numbers[i]);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* nohup(1) */
		sigaddset(ret, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, ret, NULL); /* cannot fail */
}

/* 0: this is it, and signals are as ever. */
static pid_t begin_process(struct error *e)
{
	pid_t pid = process_clone_bound(/* ret_pidfd= */ NULL, e);
	sigset_t none;

	sigemptyset(&none);
	if (pid == 0)
		(void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	return pid;
}

/* Until that process ends (0), or somebody asks for the end: the signal. */
static int wait_for(const sigset_t *signals, pid_t pid, int *ret_status)
{
	int number;

	for (;;) {
		number = sigwaitinfo(signals, NULL);
		if (number == SIGCHLD && waitpid(pid, ret_status, WNOHANG) == pid)
			return 0;
		if (number > 0 && number != SIGCHLD)
			return number;
	}
}

static int refuse_living(const struct up *up, struct error *e)
{
	for (size_t i = 0; i < up->found.count; i++) {
		if (!up->conditions[i].is_supervised)
			continue;
		error_set(e, ERROR_EXISTS, "run %s: %s runs already", up->name, up->found.items[i].name);
		return error_hint(e,
				  "box up %s brings it to what is written; box run %s SERVICE -- COMMAND runs one more command beside it",
				  up->stack->file, up->stack->file);
	}
	return 0;
}

static int plan(struct up *up, const struct stack_run *wish)
{
	struct error e = { 0 }, swept = { 0 };

	if (box_sweep(up->call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (up_read(up, wish->file, &wish->services, &e) || refuse_living(up, &e)) {
		report_error(NULL, wish->file, &e);
		return EXIT_BOX_FAILED;
	}
	up_plan(up);
	return 0;
}

struct up_options stack_up_options(const struct stack_run *wish)
{
	return (struct up_options){ .quiet = wish->quiet, .locked = wish->locked, .override = wish->override, .platform = wish->platform,
				    .pull = wish->pull, .profiles = wish->profiles };
}

int stack_run_detached(const struct call *call, const struct stack_run *wish)
{
	const struct up_options options = stack_up_options(wish);
	struct up up = { .call = call, .options = &options, .lock = -1 };
	int status = plan(&up, wish);
	autofree char *name = status ? NULL : alloc_copy(up.name);

	status = status ? status : up_perform(&up);
	up_release(&up);
	return name ? up_tell_unit(call, name, status) : status;
}

/* In a process of its own, with those that it begins: whatever they wait for, a signal ends them. 128 + its number then. */
static int perform(struct up *up, const sigset_t *signals)
{
	struct error e = { 0 };
	int number, status = 0;
	pid_t pid = begin_process(&e);

	if (pid == 0)
		_exit(up_perform(up));
	if (pid < 0)
		return report_failure(&e);
	up_audit(up);
	number = wait_for(signals, pid, &status);
	if (number) {
		(void)kill(pid, SIGKILL); /* a child that nobody has waited for yet */
		(void)waitpid(pid, NULL, 0);
		return SIGNALLED + number;
	}
	/* A terminal's Ctrl-C may have reached it first. */
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

static pid_t follow(const struct call *call, const char *name, struct error *e)
{
	pid_t pid = begin_process(e);

	if (pid != 0)
		return pid;
	(void)setpgid(0, 0); /* the terminal's Ctrl-C is for the parent; the last words are still to be read */
	_exit(logs_follow(call, name, e) ? report_failure(e) : 0);
}

static int look_again(struct up *up, struct error *e)
{
	instances_release(&up->found);
	free(up->conditions);
	up->conditions = NULL;
	return up_look(up, e);
}

/* What has been started goes, too; what was there before, and did not run, stays. */
static void undo(struct up *up)
{
	struct error e = { 0 };

	if (up->found.count == 0)
		(void)up_end(up, &(struct error){ 0 }); /* the cause was told */
	else if (look_again(up, &e))
		(void)report_failure(&e);
	else
		(void)up_stop(up);
}

/* The exit code of the first that did not end well. */
static int find_status(struct up *up)
{
	struct error e = { 0 };
	int status = 0;

	if (look_again(up, &e))
		return report_failure(&e);
	for (size_t i = 0; i < up->found.count && !status; i++)
		if (up->conditions[i].has_run && !up->conditions[i].is_supervised)
			status = background_exit_status(up->conditions[i].code, up->conditions[i].signal);
	return status;
}

/* What they write is shown, until all have ended or somebody asks for it; then they stop in reverse. */
static int show(struct up *up, const sigset_t *signals)
{
	struct error e = { 0 };
	pid_t follower = follow(up->call, up->name, &e);
	int number = follower > 0 ? wait_for(signals, follower, NULL) : 0, status = find_status(up), ended = up_stop(up);

	if (follower < 0)
		ended = report_failure(&e);
	else if (number)
		(void)waitpid(follower, NULL, 0);
	status = status ? status : number ? SIGNALLED + number : ended;
	if (up_end(up, &e) && !status)
		status = report_failure(&e);
	return status;
}

int stack_run_foreground(const struct call *call, const struct stack_run *wish)
{
	const struct up_options options = stack_up_options(wish);
	struct up up = { .call = call, .options = &options, .lock = -1 };
	sigset_t signals;
	int status = plan(&up, wish);

	if (status == 0) {
		hold_signals(&signals);
		status = perform(&up, &signals);
		if (status)
			undo(&up);
		else
			status = show(&up, &signals);
	}
	up_release(&up);
	return status;
}
