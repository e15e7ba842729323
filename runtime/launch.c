/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - the parent's half of a start: straight down, as stage.h draws it.
 *
 * Everything is prepared before clone3, so that the child, which has a copy of this process' memory, finds its plan there.
 */
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/child.h"
#include "runtime/launch_parts.h"
#include "runtime/relay.h"
#include "runtime/rlimits.h"
#include "runtime/stage.h"
#include "runtime/steps.h"
#include "specs/container.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { TTY_GROUP = 5 };

void launch_init(struct launch *l, const struct places *places, const struct container *container)
{
	*l = (struct launch){
		.places = places, .container = container, .store = -1, .writable = -1, .init_program = -1, .channel = -1,
		.pidfd = -1, .app_userns = -1, .shift_userns = -1, .net_counters = -1, .streams = { -1, -1, -1 },
		.holder = text_format("%s/%s", places->state, container->name), .state = { .folder = -1, .lock = -1 }, .has_user_namespace = places->rootless || container_has_namespace(container, NAMESPACE_USER),
	};
}

static uint64_t clone_flags(const struct launch *l)
{
	/* The cgroup namespace comes later, when the child is in its cgroup. */
	return CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWTIME |
	       (l->has_user_namespace ? CLONE_NEWUSER : 0) |
	       (container_has_namespace(l->container, NAMESPACE_NETWORK) ? CLONE_NEWNET : 0);
}

static _Noreturn void become_child(struct launch *l, int channel, const char *writable, const char *volumes)
{
	struct child child = {
		.container = l->container, .cgroup = l->group, .filter = &l->filter,
		.source_is_file = l->source_is_file,
		.writable = l->places->rootless ? writable : NULL, .volumes = volumes, .channel = channel,
		.init_program = l->init_program, .entered_cgroup = cgroup_clone_fd(l->group) >= 0,
		.is_rootless = l->places->rootless, .is_first = true, .can_setgroups = l->map.can_setgroups,
		.has_tty_group = id_map_gid(&l->map, TTY_GROUP) >= 0, .scaffold = -1, .root = -1, .proc = -1, .pts = -1,
		.streams = { -1, -1, -1 }, .parent_streams = { -1, -1, -1 },
	};

	close(l->channel);
	child_main(&child);
}

static int start_child(struct launch *l, const char *volumes, struct error *e)
{
	const struct process_clone request = { .flags = clone_flags(l), .cgroup = cgroup_clone_fd(l->group) };
	autofree char *writable = text_format("%s/containers/%s", l->places->store, l->container->name);
	int ends[2];

	if (channel_open(ends, e))
		return -1;
	l->channel = ends[0];
	relay_signals_block();
	l->pid = process_clone(&request, &l->pidfd, e);
	if (l->pid == 0)
		become_child(l, ends[1], writable, volumes);
	close(ends[1]);
	return l->pid < 0 ? -1 : 0;
}

/* The child ended without a word: says how. */
static int explain_death(struct launch *l, struct error *e)
{
	struct cgroup_stats stats;
	struct process_end end;
	struct error ignored = { 0 };

	if (process_wait(l->pidfd, &end, e))
		return -1;
	l->pid = 0;
	if (cgroup_stats(l->group, &stats, &ignored) == 0 && stats.oom_kills > 0) {
		error_set(e, ERROR_SPEC, "start the app: out of memory before its program ran");
		error_at(e, "resources.limits.memory");
		return error_hint(e, "give it a larger limit: box itself needs about 1 MiB of it to start an app");
	}
	if (end.signal)
		return error_set(e, ERROR_KERNEL, "start the app: its first process was killed by signal %d", end.signal);
	return error_set(e, ERROR_INTERNAL, "start the app: its first process ended with code %d and said nothing", end.code);
}

/* Waits for one stage of the child; its failure, or its death, is the error. */
static int expect(struct launch *l, unsigned stage, struct message *ret, struct error *e)
{
	int got = stage_receive(l->channel, stage, ret, e);

	if (got == 0 && stage != STAGE_EXECUTED)
		return explain_death(l, e);
	return got < 0 ? -1 : 0;
}

static int write_record(struct launch *l, struct error *e)
{
	autorelease(text) struct text cgroup = { 0 };
	const struct container *c = l->container;
	struct record record = {
		.name = c->name, .image = c->image, .args = c->args, .pid = l->pid, .start_time = process_start_time(l->pid),
		.created = time(NULL), .id_base = l->id_base, .env = c->env, .working_dir = c->working_dir, .user = c->user,
		.group_add = c->group_add, .capabilities = (int64_t)c->capabilities.bounding, .no_new_privileges = c->no_new_privileges,
		.seccomp = c->seccomp, .seccomp_file = c->seccomp_file, .user_namespace = l->has_user_namespace,
		.can_setgroups = l->map.can_setgroups, .stop_signal = c->stop_signal, .stop_grace_us = c->stop_grace_us,
	};

	cgroup_record(l->group, &cgroup);
	record.cgroup = cgroup.data;
	return state_write(&l->state, &record, e); /* borrows everything */
}

/* From READY to the running program. */
static int let_run(struct launch *l, struct error *e)
{
	struct message message;
	char path[64];

	if (expect(l, STAGE_READY, &message, e))
		return -1;
	trace_step("launch", "wait: READY");
	stage_take_streams(&message, l->streams);
	/* From here, because inside a user namespace limits cannot be raised, and because this process' own stay as they are. */
	if (rlimits_apply(l->pid, l->container->rlimits, l->container->rlimit_count, e) || write_record(l, e))
		return -1;
	(void)snprintf(path, sizeof path, "/proc/%d/net/snmp", (int)l->pid); /* always fits */
	if (l->container->namespaces[NAMESPACE_NETWORK].choice == NAMESPACE_NEW)
		l->net_counters = open(path, O_RDONLY | O_CLOEXEC);
	message_init(&message, STAGE_START);
	if (channel_send(l->channel, &message, e))
		return -1;
	if (expect(l, STAGE_EXECUTED, &message, e))
		return -1;
	trace_step("launch", "wait: program runs");
	return 0;
}

/* Whether the app's user exists on the host: the image may name any number. */
static int check_user(const struct launch *l, uid_t uid, gid_t gid, struct error *e)
{
	if (id_map_uid(&l->map, uid) >= 0 && id_map_gid(&l->map, gid) >= 0)
		return 0;
	error_set(e, ERROR_SPEC, "run as user %u and group %u: the container has no such ids", uid, gid);
	error_at(e, "user");
	if (l->places->rootless && l->map.uid_count < 2)
		return error_hint(e, "without subordinate ids only root exists inside: box doctor says how to get them");
	return error_hint(e, "ids inside go up to 65535");
}

static int start(struct launch *l, struct error *e)
{
	autofree char *volumes = text_format("%s/volumes", l->places->store);
	struct message message;

	if (launch_prepare(l, volumes, e) || start_child(l, volumes, e))
		return -1;
	trace_step("launch", "clone");
	if (launch_map_ids(l, e))
		return -1;
	trace_step("launch", "id maps");
	if (launch_send_layers(l, e) || expect(l, STAGE_ROOT, &message, e))
		return -1;
	trace_step("launch", "wait: ROOT");
	message_release(&message);
	if (check_user(l, (uid_t)message.numbers[0], (gid_t)message.numbers[1], e))
		return -1;
	if (launch_send_sources(l, volumes, (uid_t)message.numbers[0], (gid_t)message.numbers[1], e))
		return -1;
	return let_run(l, e);
}

int launch_start(struct launch *l, struct error *e)
{
	struct message message;

	if (start(l, e) == 0)
		return 0;
	/* The child was gone when something was sent to it: its last words, which still wait in the channel, are the cause. */
	if ((e->sys == EPIPE || e->sys == ECONNRESET) && l->channel >= 0)
		(void)expect(l, STAGE_NONE, &message, e);
	return -1;
}
