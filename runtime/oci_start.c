/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_start.c - let the program of a created container run.
 */
#include "runtime/oci.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/process.h"
#include "runtime/box.h"
#include "runtime/child/hooks.h"
#include "runtime/child/listener.h"
#include "runtime/child/oci_state.h"
#include "runtime/launch/oci_brief.h"
#include "runtime/launch/oci_container.h"
#include "runtime/oci_parts.h"
#include "runtime/state/state.h"
#include "specs/container.h"

/* The socket on which the first process waits; -1 with e->sys ENOENT where it was started already. */
static int connect_start(const struct state *state, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start", state->folder); /* always fits */
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address))
		return error_sys(e, "reach the first process of %s", state->name);
	return take_fd(&fd);
}

int oci_run_poststart(const struct places *places, const char *id, const struct container *container, struct error *e)
{
	struct oci_state described = { 0 };
	int result;

	if (!hooks_has(container, HOOK_POSTSTART))
		return 0;
	result = oci_state_find(places, id, &described, e) || hooks_run(container, HOOK_POSTSTART, &described, e) ? -1 : 0;
	oci_state_release(&described);
	return result;
}

/* The first process of a container whose start failed after all. A program that waits in vain for the answers of its agent is no started
 * container either. */
static void end_first(pid_t pid, int64_t start_time)
{
	autoclose int pidfd = process_open(pid);

	if (pidfd >= 0 && process_start_time(pid) == start_time)
		(void)process_signal(pidfd, SIGKILL); /* it may have ended by itself */
}

static int let_start(const struct state *state, const struct record *record, const struct container *container, struct error *e)
{
	const struct listener_notice notice = { .container = container, .pid = (pid_t)record->pid, .first = (pid_t)record->pid,
						.status = "created" };
	autoclose int channel = -1;
	autoclose int listener = -1;

	if (listener_connect(container, &listener, e))
		return -1;
	channel = connect_start(state, e);
	if (channel < 0) {
		if (e->sys == ENOENT || e->sys == ECONNREFUSED)
			error_set(e, ERROR_EXISTS, "start %s: cannot start a container that has stopped or runs already", state->name);
		return -1;
	}
	(void)unlinkat(state->folder, "start", 0); /* a second start finds the first process gone from there all the same */
	if (listener_wait(channel, &listener, &notice, e) == 0)
		return 0;
	if (container->oci && container->oci->seccomp_notifies)
		end_first((pid_t)record->pid, record->start_time);
	return -1;
}

int oci_start(const struct places *places, const char *id, struct error *e)
{
	struct container container = { 0 };
	struct record record = { 0 };
	struct state state;
	bool alive;
	int result;

	if (name_check(id, e) || state_lock(places, id, &state, e))
		return -1;
	/* Most configurations have nothing to say here, and are not decoded once more. */
	result = oci_brief_concerns_start(state.folder) &&
				 (state_read(places, id, &record, &alive, e) || oci_container_of(state.folder, id, &container, e))
			 ? -1
			 : let_start(&state, &record, &container, e);
	if (result == 0 && (result = oci_run_poststart(places, id, &container, e)))
		end_first((pid_t)record.pid, record.start_time);
	record_release(&record);
	container_release(&container);
	state_release(&state);
	return result;
}
