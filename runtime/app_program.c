/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_program.c - a program of the app, run in it for its supervisor.
 *
 *   box app-…                                        its child
 *   a cgroup below the app's       -->       box_exec: enters the app and that group
 *   waits, kills the group, removes it  <--  the program's status
 *
 * Whatever the program has begun is killed with its group: one that hangs leaves nothing behind, however often it comes. Where no group can
 * be made (an ordinary user without delegation) the program dies alone.
 */
#include "runtime/app_program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/launch/sealed.h"
#include "runtime/state/state.h"
#include "runtime/supervise/progress.h"

enum { BOX_FAILED = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

struct program_run {
	const struct app_program *program;
	struct record record;
	struct cgroup *group, *below; /* below NULL: none could be made */
};

static int open_app(const struct places *places, struct program_run *run, struct error *e)
{
	struct error ignored = { 0 };
	bool alive;

	if (state_read(places, run->program->name, &run->record, &alive, e))
		return -1;
	if (!alive)
		return error_set(e, ERROR_MISSING, "enter %s: it is not running", run->program->name);
	/* Before the fork: it may execute this whole command once more. */
	if (sealed_self(run->record.user_namespace, e) ||
	    cgroup_open(run->record.cgroup ? run->record.cgroup : "", &run->group, e))
		return -1;
	if (cgroup_make_below(run->group, run->program->group, &run->below, &ignored))
		run->below = NULL;
	return run->below ? cgroup_kill(run->below, SIGKILL, e)
			  : 0; /* a supervisor that was killed may have left some */
}

static _Noreturn void enter(const struct places *places, const struct program_run *run)
{
	const struct list nothing = { 0 };
	const struct box_exec request = { .name = run->program->name,
					  .args = run->program->args,
					  .env = &nothing,
					  .cgroup = run->below ? run->program->group : NULL };
	int status = BOX_FAILED;
	struct error e = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (box_exec(places, &request, &status, &e)) {
		(void)write_all(2, e.text, strlen(e.text)); /* the program's output: nobody else is told */
		status = e.kind == ERROR_NOT_FOUND        ? NOT_FOUND
			 : e.kind == ERROR_NOT_EXECUTABLE ? NOT_EXECUTABLE
							  : BOX_FAILED;
	}
	_exit(status);
}

/* Whether it ends in time. */
static bool ends_within(int pidfd, int64_t timeout_ms)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int64_t late = clock_boot_ms() + timeout_ms, left;

	while ((left = late - clock_boot_ms()) > 0) {
		int got = poll(&end, 1, left > INT32_MAX ? INT32_MAX : (int)left);

		if (got > 0 || (got < 0 && errno != EINTR))
			return true;
	}
	return false;
}

static int run_program(const struct places *places, const struct program_run *run, int *ret_status, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	struct process_end end;
	autoclose int pidfd = -1;
	bool is_late;
	pid_t pid = process_clone(&plain, &pidfd, e);

	if (pid == 0)
		enter(places, run);
	if (pid < 0)
		return -1;
	is_late = !ends_within(pidfd, run->program->timeout_ms);
	if (run->below && cgroup_kill(run->below, SIGKILL, e))
		return -1;
	if (is_late)
		(void)process_signal(pidfd, SIGKILL); /* where there is no group; fails where it has just ended */
	if (process_wait(pidfd, &end, e))
		return -1;
	*ret_status = is_late ? APP_PROGRAM_LATE : end.signal ? 128 + end.signal : end.code;
	return 0;
}

int app_program_run(const struct places *places, const struct app_program *program, int *ret_status, struct error *e)
{
	struct program_run run = { .program = program };
	struct error ignored = { 0 };
	int result = -1;

	if (open_app(places, &run, e) == 0)
		result = run_program(places, &run, ret_status, e);
	if (run.below)
		(void)cgroup_remove(run.below, &ignored); /* what cannot go now goes with the app's own group */
	record_release(&run.record);
	cgroup_free(run.below);
	cgroup_free(run.group);
	return result;
}
