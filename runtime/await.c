/* SPDX-License-Identifier: Apache-2.0 */
/*
 * await.c - the end of a container that somebody else runs.
 *
 * The exit status of a process goes to its parent alone. Linux 6.15 tells it to whoever held a pidfd while it lived; on older kernels the
 * box that ran the app has noted it (events.h), and of OCI containers it is the engine's.
 */
#include "runtime/await.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/process.h"
#include "runtime/box.h"
#include "runtime/logs/events.h"
#include "runtime/state/state.h"

/* linux/pidfd.h of Linux 6.15; Debian 12's is older. */
struct pidfd_exit {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status; /* as of wait(2) */
};
#define PIDFD_GET_EXIT _IOWR(0xff, 11, struct pidfd_exit)

enum { PIDFD_WANTS_EXIT = 1 << 3, REAP_STEP_US = 1000, PATIENCE_MS = 5000 };

int await_begin(const struct places *places, const char *name, struct await *ret, struct error *e)
{
	struct record record = { 0 };
	struct await await = { .pidfd = -1 };
	bool alive = false;

	if (name_check(name, e) || state_read(places, name, &record, &alive, e))
		return -1;
	await.name = alloc_copy(name);
	await.pid = (pid_t)record.pid;
	await.events = events_open(places, /* from_end= */ true, e);
	await.pidfd = await.events && alive ? process_open_living(await.pid, record.start_time) : -1;
	if (await.events && await.pidfd < 0)
		error_set(e, ERROR_MISSING, "wait for %s: container not running", name);
	record_release(&record);
	if (e->kind != ERROR_NONE) {
		await_release(&await);
		return -1;
	}
	*ret = await;
	return 0;
}

void await_release(struct await *await)
{
	int saved = errno;

	if (await->events)
		events_free(await->events);
	if (await->pidfd >= 0)
		close(await->pidfd);
	free(await->name);
	*await = (struct await){ .pidfd = -1 };
	errno = saved;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* 1, or 0 where the kernel does not tell. It does so when the parent has reaped the process. */
static int ask_kernel(int pidfd, int *ret_status)
{
	struct pidfd_exit exit = { .mask = PIDFD_WANTS_EXIT };

	for (int waited_us = 0; waited_us < PATIENCE_MS * 1000; waited_us += REAP_STEP_US) {
		exit.mask = PIDFD_WANTS_EXIT;
		if (ioctl(pidfd, PIDFD_GET_EXIT, &exit) && errno != ESRCH)
			return 0;
		if (exit.mask & PIDFD_WANTS_EXIT) {
			*ret_status = status_of(exit.status);
			return 1;
		}
		usleep(REAP_STEP_US);
	}
	return 0;
}

/* The same from whoever ran it. */
static int ask_events(struct await *await, int *ret_status, struct error *e)
{
	for (;;) {
		struct event event = { 0 };
		int got = events_next(await->events, &event, e);
		bool is_it = got > 0 && event.pid == await->pid && strcmp(event.name, await->name) == 0;

		if (is_it)
			*ret_status = (int)event.exit_code;
		event_release(&event);
		if (is_it || got < 0)
			return got;
		if (got == 0 && (got = events_wait(await->events, PATIENCE_MS, e)) <= 0)
			return got;
	}
}

int await_end(struct await *await, int *ret_status, struct error *e)
{
	struct pollfd end = { .fd = await->pidfd, .events = POLLIN };
	int got;

	while (poll(&end, 1, -1) < 0)
		if (errno != EINTR)
			return error_sys(e, "wait for %s", await->name);
	if (ask_kernel(await->pidfd, ret_status))
		return 0;
	got = ask_events(await, ret_status, e);
	if (got < 0)
		return -1;
	if (got == 0) {
		error_set(e, ERROR_UNSUPPORTED, "wait for %s: it has ended, and nobody here knows its exit code", await->name);
		return error_hint(e, "a kernel tells it from Linux 6.15 on");
	}
	return 0;
}
