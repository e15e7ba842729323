/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - one check of an app's health.
 */
#include "runtime/supervise/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/health_record.h"
#include "runtime/supervise/probe_network.h"
#include "runtime/supervise/spawn.h"

enum { ROUNDS = 64 }; /* of reading at once: the loop has other things to do */

static pid_t start_program(const struct probe_app *app, int output, int *ret_pidfd, struct error *e)
{
	autorelease(list) struct list argv = { 0 };
	struct spawn request = { .program = app->box, .fds = { output, -1 }, .is_helper = true };

	list_add(&argv, app->box);
	list_addf(&argv, "--root=%s", app->state);
	list_addf(&argv, "--store=%s", app->store);
	list_add(&argv, "app-check");
	list_add(&argv, app->name);
	request.argv = argv.items;
	return spawn(&request, ret_pidfd, e);
}

static pid_t start_copy(const struct health_plan *plan, const struct probe_app *app, int output, int *ret_pidfd, struct error *e)
{
	pid_t pid = process_clone_bound(ret_pidfd, e);

	if (pid)
		return pid;
	probe_network(plan, app->pidfd, output);
}

int probe_start(struct probe *probe, const struct health_plan *plan, const struct probe_app *app, struct error *e)
{
	bool is_program = strcmp(plan->probe, PROBE_EXEC) == 0;
	int ends[2], pidfd = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe for a health check");
	pid = is_program ? start_program(app, ends[1], &pidfd, e) : start_copy(plan, app, ends[1], &pidfd, e);
	close(ends[1]);
	if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK)) {
		close(ends[0]);
		return pid < 0 ? -1 : error_sys(e, "read from a health check");
	}
	*probe = (struct probe){ .pid = pid, .pidfd = pidfd, .output = ends[0] };
	return 0;
}

void probe_hear(struct probe *probe, struct health_result *result)
{
	char rest[1024];

	for (int round = 0; round < ROUNDS && probe->output >= 0; round++) {
		bool is_full = result->length == HEALTH_OUTPUT; /* nobody wants the rest, but the check would wait */
		ssize_t got = is_full ? read(probe->output, rest, sizeof rest)
				      : read(probe->output, result->output + result->length, HEALTH_OUTPUT - result->length);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0)
			close(take_fd(&probe->output));
		else if (!is_full)
			result->length += (uint32_t)got;
	}
}

static void forget(struct probe *probe)
{
	close(probe->pidfd);
	if (probe->output >= 0)
		close(probe->output);
	*probe = (struct probe){ .pidfd = -1, .output = -1 };
}

int probe_has_ended(struct probe *probe, int *ret_code)
{
	struct process_end end;
	struct error ignored = { 0 };
	int got = process_try_wait(probe->pidfd, &end, &ignored);

	if (got == 0)
		return 0;
	*ret_code = got < 0 ? 125 : end.signal ? 128 + end.signal : end.code;
	forget(probe);
	return 1;
}

void probe_kill(struct probe *probe)
{
	struct process_end end;
	struct error ignored = { 0 };

	if (!probe->pid)
		return;
	(void)process_signal(probe->pidfd, SIGKILL); /* fails where it has just ended */
	(void)process_wait(probe->pidfd, &end, &ignored);
	forget(probe);
}
