/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_run.c - a program in a chroot: the parent's half.
 *
 *   parent                                          child (chroot_steps in child.c)
 *   ------------------------------------------     ----------------------------------------------
 *   filter, clone: in a user namespace if it can be
 *   whoever shows it another world (other_world.h)
 *   id map, GO                                 -->  root, user, streams, program
 *                                              <--  READY (streams)
 *   rlimits, START                             -->  identity, capabilities, filters, exec
 *   relays, and ends all descendants
 */
#include "runtime/chroot_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/number.h"
#include "base/process.h"
#include "runtime/child/child.h"
#include "runtime/child/other_world.h"
#include "runtime/child/rlimits.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/streams/relay.h"
#include "specs/container.h"

enum { STAT_PPID = 4 };

struct run {
	const struct container *container;
	struct seccomp_filter filter;
	int channel, pidfd;
	pid_t pid;
	int streams[3];
};

static void become_child(const struct run *run, int channel, bool can_mount)
{
	struct child child = {
		.container = run->container, .filter = &run->filter, .channel = channel, .init_program = -1, .start = -1, .mask_folder = -1,
		.is_first = true, .can_setgroups = true, .can_mount = can_mount, .scaffold = -1, .root = -1, .proc = -1, .pts = -1,
		.streams = { -1, -1, -1 }, .parent_streams = { -1, -1, -1 },
	};

	child_chroot(&child);
}

/* In namespaces of its own where these are to be had: /proc can be shown then. */
static int start_child(struct run *run, struct error *e)
{
	bool has_network = run->container->namespaces[NAMESPACE_NETWORK].choice == NAMESPACE_HOST;
	struct process_clone request = { .cgroup = -1, .flags = CLONE_NEWUSER | CLONE_NEWNS | (has_network ? 0 : CLONE_NEWNET) };
	struct error refused = { 0 };
	int ends[2];

	if (channel_open(ends, e))
		return -1;
	run->pid = process_clone(&request, &run->pidfd, &refused);
	if (run->pid < 0) {
		request.flags = 0;
		run->pid = process_clone(&request, &run->pidfd, e);
	}
	if (run->pid == 0) {
		close(ends[0]);
		become_child(run, ends[1], request.flags != 0);
	}
	run->channel = ends[0];
	close(ends[1]);
	return run->pid < 0 || (request.flags && id_map_write(run->pid, &id_map_as_is, e)) ? -1 : 0;
}

static int expect(const struct run *run, unsigned stage, struct message *ret, struct error *e)
{
	int got = stage_receive(run->channel, stage, ret, e);

	if (got == 0 && stage != STAGE_EXECUTED)
		return error_set(e, ERROR_INTERNAL, "start the program: its process ended and said nothing");
	return got < 0 ? -1 : 0;
}

static int say(const struct run *run, unsigned stage, struct error *e)
{
	struct message message;

	message_init(&message, stage);
	message.numbers[0] = run->pid;
	return channel_send(run->channel, &message, e);
}

static int let_run(struct run *run, struct error *e)
{
	const struct other_world *world = &run->container->world;
	struct message message;

	/* Before it hides from tracers. */
	if (other_world_is_other(world) && other_world_start(run->pid, world, e))
		return -1;
	if (say(run, STAGE_GO, e) || expect(run, STAGE_READY, &message, e))
		return -1;
	stage_take_streams(&message, run->streams);
	if (rlimits_apply(run->pid, run->container->rlimits, run->container->rlimit_count, e) || say(run, STAGE_START, e))
		return -1;
	return expect(run, STAGE_EXECUTED, &message, e);
}

/* Whatever loses its parent becomes this process' child (PR_SET_CHILD_SUBREAPER). */
static void kill_children(void)
{
	autoclosedir DIR *processes = opendir("/proc");
	struct dirent *entry;

	while (processes && (entry = readdir(processes))) {
		uint64_t fields[STAT_PPID + 1];
		int64_t pid;

		if (number_parse(entry->d_name, 1, INT32_MAX, &pid) == 0 && process_stat_fields((pid_t)pid, fields, STAT_PPID + 1) == 0 &&
		    fields[STAT_PPID] == (uint64_t)getpid())
			(void)kill((pid_t)pid, SIGKILL); /* it is our child, and cannot become another process before we wait for it */
	}
}

/* All of them, however long it takes: what is moved out of the root afterwards (chroot_places.c) would take along, out of the chroot, a
 * process whose working folder it is. */
static void end_strays(void)
{
	do {
		kill_children();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	} while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

static int attend(struct run *run, int *ret_status, struct error *e)
{
	struct relay relay = { .pidfd = run->pidfd, .app_stdin = run->streams[0], .app_stdout = run->streams[1],
			       .app_stderr = run->streams[2], .terminal = -1, .ends_at_once = true };
	struct process_end end;

	run->streams[0] = run->streams[1] = run->streams[2] = -1; /* relay_run closes them */
	if (relay_run(&relay, &end, e))
		return -1;
	*ret_status = end.signal ? 128 + end.signal : end.code;
	return 0;
}

int chroot_run(const struct places *places, const struct container *container, int root, int *ret_status, struct error *e)
{
	struct run run = { .container = container, .channel = -1, .pidfd = -1, .streams = { -1, -1, -1 } };
	int *const fds[] = { &run.channel, &run.pidfd, &run.streams[0], &run.streams[1], &run.streams[2] };
	struct message message;
	int result;

	if (fchdir(root))
		return error_sys(e, "enter the step's root");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return error_sys(e, "become the parent of what a step leaves");
	if (seccomp_prepare(places, container, &run.filter, e))
		return -1;
	result = start_child(&run, e) || let_run(&run, e) || attend(&run, ret_status, e) ? -1 : 0;
	/* The child was gone when something was sent to it: its last words are the cause. */
	if (result && e->sys == EPIPE && run.channel >= 0)
		(void)stage_receive(run.channel, STAGE_NONE, &message, e);
	end_strays();
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	seccomp_filter_release(&run.filter);
	return result;
}
