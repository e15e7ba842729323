/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_stack.c - box run of a file with services.
 *
 * In the foreground it is box up, box logs -f and box down in one process. A signal that asks for the end is heeded between these: the
 * services are stopped in reverse, and nothing is left half-way.
 */
#include "cli/up/for_cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

static volatile sig_atomic_t is_asked;

static void hear(int number)
{
	(void)number;
	is_asked = 1;
}

/* A program that is executed has none of these handlers. */
static void hear_signals(sigset_t *ret)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = hear, .sa_flags = SA_RESTART };

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		sigaddset(ret, numbers[i]);
		(void)sigaction(numbers[i], &action, NULL); /* cannot fail */
	}
	sigaddset(ret, SIGCHLD);
}

static int refuse_living(const struct up *up, struct error *e)
{
	for (size_t i = 0; i < up->found.count; i++) {
		if (!up->conditions[i].is_supervised)
			continue;
		error_set(e, ERROR_EXISTS, "run %s: %s runs already", up->name, up->found.items[i].name);
		return error_hint(e, "box up %s brings it to what is written; box down %s ends it", up->stack->file, up->stack->file);
	}
	return 0;
}

/* ret_has_begun: from then on what is there of it may be ours; before that it is somebody else's, or nobody has looked. */
static int begin(struct up *up, const struct stack_run *wish, bool *ret_has_begun)
{
	struct error e = { 0 }, swept = { 0 };

	if (box_sweep(up->call->places, &swept))
		log_warning("%s, continuing", swept.text);
	if (up_read(up, wish->file, &wish->services, &e) || refuse_living(up, &e)) {
		report_error(NULL, wish->file, &e);
		return EXIT_BOX_FAILED;
	}
	*ret_has_begun = true;
	up_plan(up);
	return up_perform(up);
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
	bool has_begun = false;
	int status = begin(&up, wish, &has_begun);

	up_release(&up);
	return status;
}

/* In a process of its own, whose parent waits for signals. */
static pid_t follow(const struct call *call, const char *name, int *ret_pidfd, struct error *e)
{
	const struct process_clone request = { .cgroup = -1 };
	sigset_t none;
	pid_t parent = getpid(), pid = process_clone(&request, ret_pidfd, e);

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1); /* nobody reads it any more */
	(void)setpgid(0, 0); /* the terminal's Ctrl-C is for the parent; the last words are still to be read */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	_exit(logs_follow(call, name, e) ? report_failure(e) : 0);
}

/* Until all have ended, or somebody asks for it. */
static void wait_for_end(const sigset_t *signals, pid_t follower)
{
	int number = 0;

	while (!is_asked && number != SIGINT && number != SIGTERM && number != SIGHUP) {
		number = sigwaitinfo(signals, NULL);
		if (number == SIGCHLD && waitpid(follower, NULL, WNOHANG) == follower)
			return;
	}
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

int stack_run_foreground(const struct call *call, const struct stack_run *wish)
{
	const struct up_options options = stack_up_options(wish);
	struct up up = { .call = call, .options = &options, .lock = -1 };
	struct error e = { 0 };
	sigset_t signals;
	int status, ended, pidfd = -1;
	bool has_begun = false;
	pid_t follower;

	hear_signals(&signals);
	status = begin(&up, wish, &has_begun);
	if (status) {
		if (has_begun)
			undo(&up);
		up_release(&up);
		return status;
	}
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* cannot fail */
	follower = follow(call, up.name, &pidfd, &e);
	if (follower > 0)
		wait_for_end(&signals, follower);
	(void)sigprocmask(SIG_UNBLOCK, &signals, NULL); /* likewise */
	status = find_status(&up);
	ended = up_stop(&up);
	if (follower > 0) {
		(void)waitpid(follower, NULL, 0);
		close(pidfd);
	}
	if (up_end(&up, &e))
		ended = report_failure(&e);
	up_release(&up);
	return status ? status : ended;
}
