/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health_exec.c - a health check by a program in the app.
 *
 *   supervisor               box app-check                            its child
 *   begins it         -->    a cgroup below the app's       -->       box_exec: enters the app and that group
 *   code, output      <--    waits, kills the group, removes it  <--  the program's status
 *
 * Late or not, whatever the check has begun is killed with its group: a check that hangs leaves nothing behind, however often it comes.
 * Where no group can be made (an ordinary user without delegation) the program dies alone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/apps.h"
#include "runtime/box.h"
#include "runtime/sealed.h"
#include "runtime/state.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/progress.h"
#include "specs/field.h"

#define CHECK_GROUP "box-check"

enum { CHECK_FAILED = 125, CHECK_NOT_EXECUTABLE = 126, CHECK_NOT_FOUND = 127 };

struct check {
	struct health_plan plan;
	struct list test;
	struct record record;
	struct cgroup *group, *below; /* below NULL: none could be made */
};

static const struct field test_fields[] = {
	{ "test", FIELD_TEXT_LIST, offsetof(struct check, test), .flags = FIELD_REQUIRED, .help = "program and arguments" },
	{ 0 },
};

static void release(struct check *check)
{
	health_plan_release(&check->plan);
	list_release(&check->test);
	record_release(&check->record);
	cgroup_free(check->below);
	cgroup_free(check->group);
}

static int read_test(const struct places *places, const char *name, struct check *check, struct error *e)
{
	autoclose int definition = apps_open(places, name, NULL, e);

	if (definition < 0)
		return -1;
	if (health_plan_read(definition, &check->plan, e))
		return -1;
	if (!check->plan.test)
		return error_set(e, ERROR_MISSING, "check %s: its definition names no program for that", name);
	return field_decode_text(check->plan.test, strlen(check->plan.test), HEALTH_PLAN_FILE, test_fields, check, e);
}

static int open_app(const struct places *places, const char *name, struct check *check, struct error *e)
{
	struct error ignored = { 0 };
	bool alive;

	if (state_read(places, name, &check->record, &alive, e))
		return -1;
	if (!alive)
		return error_set(e, ERROR_MISSING, "check %s: it is not running", name);
	/* Before the fork: it may execute this whole command once more. */
	if (sealed_self(check->record.user_namespace, e) || cgroup_open(check->record.cgroup ? check->record.cgroup : "", &check->group, e))
		return -1;
	if (cgroup_make_below(check->group, CHECK_GROUP, &check->below, &ignored))
		check->below = NULL;
	return check->below ? cgroup_kill(check->below, SIGKILL, e) : 0; /* a supervisor that was killed may have left some */
}

static _Noreturn void enter(const struct places *places, const char *name, const struct check *check)
{
	const struct list nothing = { 0 };
	const struct box_exec request = { .name = name, .args = &check->test, .env = &nothing, .cgroup = check->below ? CHECK_GROUP : NULL };
	int status = CHECK_FAILED;
	struct error e = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (box_exec(places, &request, &status, &e)) {
		(void)write_all(2, e.text, strlen(e.text)); /* the check's output: nobody else is told */
		status = e.kind == ERROR_NOT_FOUND ? CHECK_NOT_FOUND : e.kind == ERROR_NOT_EXECUTABLE ? CHECK_NOT_EXECUTABLE : CHECK_FAILED;
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

static int run_test(const struct places *places, const char *name, const struct check *check, int *ret_status, struct error *e)
{
	const struct process_clone plain = { .cgroup = -1 };
	struct process_end end;
	autoclose int pidfd = -1;
	bool is_late;
	pid_t pid = process_clone(&plain, &pidfd, e);

	if (pid == 0)
		enter(places, name, check);
	if (pid < 0)
		return -1;
	is_late = !ends_within(pidfd, check->plan.timeout_ms);
	if (check->below && cgroup_kill(check->below, SIGKILL, e))
		return -1;
	if (is_late)
		(void)process_signal(pidfd, SIGKILL); /* where there is no group; fails where it has just ended */
	if (process_wait(pidfd, &end, e))
		return -1;
	*ret_status = is_late ? HEALTH_LATE_CODE : end.signal ? 128 + end.signal : end.code;
	return 0;
}

int box_check_health(const struct places *places, const char *name, int *ret_status, struct error *e)
{
	struct check check = { 0 };
	struct error ignored = { 0 };
	int result = -1;

	if (box_check_name(name, e) == 0 && read_test(places, name, &check, e) == 0 && open_app(places, name, &check, e) == 0)
		result = run_test(places, name, &check, ret_status, e);
	if (check.below)
		(void)cgroup_remove(check.below, &ignored); /* what cannot go now goes with the app's own group */
	release(&check);
	return result;
}
