/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - the parent's half of a start: straight down, as stage.h draws it.
 *
 * Everything is prepared before clone3, so that the child, which has a copy of this process' memory, finds its plan there.
 */
#include "runtime/launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/child/child.h"
#include "runtime/child/middle.h"
#include "runtime/child/oom_score.h"
#include "runtime/child/other_world.h"
#include "runtime/child/rlimits.h"
#include "runtime/child/scheduling.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/launch/launch_parts.h"
#include "runtime/launch/secret_env.h"
#include "runtime/network/join.h"
#include "runtime/streams/relay.h"
#include "specs/container.h"

enum { TTY_GROUP = 5 };

void launch_init(struct launch *l, const struct places *places, const struct container *container)
{
	*l = (struct launch){
		.places = places, .container = container, .store = -1, .writable = -1, .init_program = -1, .channel = -1,
		.pidfd = -1, .start = -1, .app_userns = -1, .shift_userns = -1, .net_counters = -1,
		.filter_listener = -1, .streams = { -1, -1, -1 },
		.holder = text_format("%s/%s", places->state, container->name),
		.state = { .folder = -1, .lock = -1 },
		.has_user_namespace = places->rootless || container_has_namespace(container, NAMESPACE_USER),
	};
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		l->namespaces.joined[i] = -1;
}

void launch_init_background(struct launch *l, const struct places *places, const struct container *container,
			    const struct launch_background *background)
{
	launch_init(l, places, container);
	l->background = background;
	free(l->holder);
	l->holder = alloc_copy(background->definition_path);
}

struct start {
	struct launch *launch;
	const char *writable, *volumes; /* of an ordinary user */
};

/* In the new process. */
static void become_child(void *data, int channel)
{
	const struct start *start = data;
	struct launch *l = start->launch;
	struct child child = {
		.container = l->container, .cgroup = l->group, .filter = &l->filter,
		.source_is_file = l->source_is_file,
		.writable = l->places->rootless ? start->writable : NULL, .volumes = start->volumes, .channel = channel,
		.init_program = l->init_program, .start = l->start, .mask_folder = -1,
		.entered_cgroup = cgroup_clone_fd(l->group) >= 0,
		.is_rootless = l->places->rootless, .is_first = true, .can_setgroups = l->map.can_setgroups,
		.has_tty_group = id_map_gid(&l->map, TTY_GROUP) >= 0, .scaffold = -1, .root = -1, .proc = -1, .pts = -1,
		.streams = { -1, -1, -1 }, .parent_streams = { -1, -1, -1 }, .is_background = l->background != NULL,
	};

	child.files = networks_files(l->networks, &child.file_count);
	if (l->background)
		memcpy(child.fifos, l->background->fifos, sizeof child.fifos);
	/* The lock says that box lives, not that its child does. */
	if (l->state.lock >= 0)
		close(l->state.lock);
	child_main(&child);
}

static int prepare_middle(void *data, int *channel, struct error *e)
{
	const struct start *start = data;

	(void)channel;
	/* Others may be in what is joined. */
	if (prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "hide from tracers");
	return namespaces_enter(&start->launch->namespaces, start->launch->container, e);
}

int launch_clone(struct launch *l, const char *writable, const char *volumes, struct error *e)
{
	struct start start = { l, writable, volumes };
	struct middle middle = { .cgroup = cgroup_clone_fd(l->group), .flags = l->namespaces.fresh, .prepare = prepare_middle,
				 .become = become_child, .data = &start };
	const struct process_clone request = { .flags = l->namespaces.fresh, .cgroup = middle.cgroup };
	int ends[2];

	if (channel_open(ends, e))
		return -1;
	l->channel = middle.outside = ends[0];
	middle.inside = ends[1];
	if (l->namespaces.needs_middle) {
		l->pid = middle_start(&middle, &l->pidfd, e);
		return l->pid < 0 ? -1 : 0;
	}
	l->pid = process_clone(&request, &l->pidfd, e);
	if (l->pid == 0) {
		close(l->channel);
		become_child(&start, ends[1]);
	}
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

int launch_expect(struct launch *l, unsigned stage, struct message *ret, struct error *e)
{
	int got = stage_receive(l->channel, stage, ret, e);

	if (got == 0 && stage != STAGE_EXECUTED)
		return explain_death(l, e);
	return got < 0 ? -1 : 0;
}

int launch_write_record(struct launch *l, struct error *e)
{
	autorelease(text) struct text cgroup = { 0 };
	autorelease(list) struct list secrets = { 0 }, networks = { 0 };
	const struct container *c = l->container;
	struct timespec now = { 0 };
	struct record record = {
		.name = c->name, .image = c->image, .args = c->args, .pid = l->pid, .start_time = process_start_time(l->pid),
		.id_base = l->id_base, .env = c->env, .working_dir = c->working_dir, .user = c->user,
		.group_add = c->group_add, .capabilities = (int64_t)c->capabilities.bounding, .no_new_privileges = c->no_new_privileges,
		.seccomp = c->seccomp, .seccomp_file = c->seccomp_file, .user_namespace = l->has_user_namespace,
		.can_setgroups = l->map.can_setgroups, .stop_signal = c->stop_signal, .stop_grace_us = c->stop_grace_us,
		.reload_signal = c->reload.signal, .reload_exec = c->reload.exec, .reload_timeout_us = c->reload.timeout_us,
	};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	record.created = now.tv_sec;
	record.created_ns = now.tv_nsec;
	if (c->oci) {
		record.bundle = c->oci->bundle;
		record.rootfs = c->root_folder;
		record.oci_version = c->oci->version;
		record.annotations = c->oci->annotations;
	}
	secret_env_names(&c->secret_env, &secrets);
	record.secret_names = secrets;
	networks_addresses(l->networks, &networks);
	record.networks = networks;
	cgroup_record(l->group, &cgroup);
	record.cgroup = cgroup.data;
	return state_write(&l->state, &record, e); /* borrows everything */
}

static int set_block(const struct launch *l, struct error *e)
{
	const struct oci_part *block = l->container->block;

	return block && (oom_score_set(l->pid, block->oom_score_adj, e) || scheduling_set(l->pid, block, e)) ? -1 : 0;
}

/* Of a filter whose refused calls are counted: from now on until somebody answers, such a call waits. */
static int take_listener(struct launch *l, struct error *e)
{
	struct message message;

	if (!(l->filter.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return 0;
	if (launch_expect(l, STAGE_LISTENER, &message, e))
		return -1;
	if (message.fd_count == 1)
		l->filter_listener = take_fd(&message.fds[0]);
	message_release(&message);
	return l->filter_listener < 0 ? error_set(e, ERROR_INTERNAL, "wait for a listener: %u came", message.fd_count) : 0;
}

/* From READY to the running program. */
static int let_run(struct launch *l, struct error *e)
{
	struct message message;
	char path[64];

	if (launch_expect(l, STAGE_READY, &message, e))
		return -1;
	trace_step("launch", "wait: READY");
	stage_take_streams(&message, l->streams);
	/* From here, because inside a user namespace limits cannot be raised, and because this process' own stay as they are. */
	if (rlimits_apply(l->pid, l->container->rlimits, l->container->rlimit_count, e) || set_block(l, e) ||
	    launch_write_record(l, e))
		return -1;
	(void)snprintf(path, sizeof path, "/proc/%d/net/snmp", (int)l->pid); /* always fits */
	if (l->container->namespaces[NAMESPACE_NETWORK].choice == NAMESPACE_NEW && !l->networks)
		l->net_counters = open(path, O_RDONLY | O_CLOEXEC);
	/* Its program finds the networks ready. */
	if (l->networks && networks_joined(l->networks, e))
		return -1;
	trace_step("launch", "wait: networks");
	message_init(&message, STAGE_START);
	if (channel_send(l->channel, &message, e) || (l->networks && networks_say_live(l->networks, e)))
		return -1;
	if (take_listener(l, e) || launch_expect(l, STAGE_EXECUTED, &message, e))
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
	return error_hint(e, "ids inside go up to %d", ID_RANGE - 1);
}

/* Nobody hears the box that starts an app in the background: its log has it, as a line of box's. */
static void tell_warnings(const struct launch *l)
{
	const struct list *warnings = networks_warnings(l->networks);
	int log = l->background ? l->background->fifos[1] : -1;

	for (size_t i = 0; i < warnings->count; i++) {
		autofree char *line = text_format("box: warning: %s, continuing\n", warnings->items[i]);

		if (log >= 0)
			(void)write_all(log, line, strlen(line)); /* the FIFO is new, and nobody else writes yet */
		else
			log_warning("%s, continuing", warnings->items[i]);
	}
}

static int start(struct launch *l, struct error *e)
{
	autofree char *writable = text_format("%s/containers/%s", l->places->store, l->container->name);
	autofree char *volumes = text_format("%s/volumes", l->places->store);
	struct message message;

	/* Its networks get ready beside everything else. */
	if (l->container->network_count && networks_begin(l->places, l->container, l->background, &l->networks, e))
		return -1;
	if (launch_prepare(l, volumes, e))
		return -1;
	if (l->networks && networks_prepared(l->networks, e))
		return -1;
	if (l->networks)
		tell_warnings(l);
	trace_step("launch", "networks");
	relay_signals_block();
	if (launch_clone(l, writable, volumes, e))
		return -1;
	trace_step("launch", "clone");
	if (other_world_is_other(&l->container->world) && other_world_start(l->pid, &l->container->world, e))
		return -1;
	if (launch_note_volumes(l, volumes, e) || launch_map_ids(l, e))
		return -1;
	trace_step("launch", "id maps");
	if (l->networks && networks_open(l->networks, l->pid, e))
		return -1;
	if (launch_send_layers(l, e) || (l->networks && networks_join(l->networks, l->pidfd, e)))
		return -1;
	trace_step("launch", "links");
	if (launch_expect(l, STAGE_ROOT, &message, e))
		return -1;
	trace_step("launch", "wait: ROOT");
	message_release(&message);
	if (check_user(l, (uid_t)message.numbers[0], (gid_t)message.numbers[1], e))
		return -1;
	if (launch_send_sources(l, volumes, (uid_t)message.numbers[0], (gid_t)message.numbers[1], e))
		return -1;
	if (let_run(l, e))
		return -1;
	if (!l->networks)
		return 0;
	if (networks_live(l->networks, e) || (l->background && networks_keep(l->networks, e)))
		return -1;
	trace_step("launch", "wait: live");
	return 0;
}

/* What the "oci" block of app.json said is called in it as in an OCI configuration; no field of app.json itself has such a name. */
static int add_block(const struct container *c, struct error *e)
{
	if (c->block && (text_starts(e->field, "process.") || text_starts(e->field, "linux.") || strcmp(e->field, "domainname") == 0))
		return error_at(e, "oci");
	return -1;
}

int launch_start(struct launch *l, struct error *e)
{
	struct message message;

	if ((l->container->oci ? launch_create(l, e) : start(l, e)) == 0)
		return 0;
	/* The child was gone when something was sent to it: its last words, which still wait in the channel, are the cause. */
	if ((e->sys == EPIPE || e->sys == ECONNRESET) && l->channel >= 0)
		(void)launch_expect(l, STAGE_NONE, &message, e);
	return add_block(l->container, e);
}
