/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_undo.c - take away what a start made, in reverse.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/net_device.h"
#include "runtime/network/join.h"
#include "runtime/storage/writable.h"
#include "specs/container.h"

/* Ends every process of the container and waits for the first one. */
static void end_processes(struct launch *l)
{
	struct error ignored = { 0 };
	struct process_end end;

	if (l->pid <= 0)
		return;
	/* The first process takes its whole pid namespace with it. */
	(void)process_signal(l->pidfd, SIGKILL); /* it may have ended by itself */
	if (l->group)
		(void)cgroup_let_die(l->group, &ignored); /* a paused one, which would be waited for in vain */
	(void)process_wait(l->pidfd, &end, &ignored);
	l->pid = 0;
}

static void close_all(struct launch *l)
{
	int *fds[] = { &l->writable, &l->init_program, &l->channel, &l->start, &l->pidfd, &l->app_userns, &l->shift_userns, &l->net_counters,
		       &l->filter_listener, &l->streams[0], &l->streams[1], &l->streams[2] };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
	namespaces_release(&l->namespaces);
	for (size_t i = 0; i < l->volume_lock_count; i++)
		close(l->volume_locks[i]);
	free(l->volume_locks);
	free(l->source_is_file);
	l->source_is_file = NULL;
	l->volume_locks = NULL;
	l->volume_lock_count = 0;
}

void launch_let_go(struct launch *l)
{
	l->pid = 0;
	cgroup_free(l->group);
	l->group = NULL;
	l->has_writable = false;
	l->id_base = 0;
	state_release(&l->state);
}

int launch_release(struct launch *l, struct error *e)
{
	struct error *first = e, later = { 0 };
	int result = 0;

	net_devices_return(l->net_moves);
	l->net_moves = NULL;
	end_processes(l);
	networks_free(l->networks);
	l->networks = NULL;
	close_all(l);
	trace_step("launch", "close descriptors");
	if (l->group && cgroup_remove(l->group, first)) {
		result = -1;
		first = &later;
	}
	trace_step("launch", "remove cgroup");
	cgroup_free(l->group);
	l->group = NULL;
	/* What lives from run to run goes with the app's definition. */
	if (l->background)
		launch_let_go(l);
	if (l->has_writable && writable_remove(l->places->store, l->container->name, &l->map, first)) {
		result = -1;
		first = &later;
	}
	l->has_writable = false;
	trace_step("launch", "remove writable layer");
	if (l->id_base)
		idmap_return(l->store, l->id_base, l->holder);
	l->id_base = 0;
	/* While something is left its folder stays: the next sweep finds by it what there is to remove. */
	if (l->state.folder >= 0 && result)
		state_release(&l->state);
	else if (l->state.folder >= 0 && state_remove(l->places, &l->state, first))
		result = -1;
	free(l->holder);
	l->holder = NULL;
	trace_step("launch", "remove state");
	if (l->store >= 0)
		close(take_fd(&l->store));
	seccomp_filter_release(&l->filter);
	return result;
}
