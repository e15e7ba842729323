/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter.c - one more process inside a running container (box exec).
 *
 *   box                                middle process                     new process
 *   clone3 (into the cgroup)      -->  enters cgroup (v1), closes
 *                                      everything of the host,
 *                                      joins every namespace by pidfd,
 *                                      clone3(CLONE_PARENT)          -->  child_enter(): the steps of child.c
 *   takes the new process' pidfd  <--  ENTERED, ends
 *   GO, limits, START, relay      <------------------------------------>  GO, READY, START, program
 *
 * What joins (middle.h) is not dumpable and holds no descriptor of the host but the channel, and the caller's 0, 1 and 2 until it has
 * its own, so that the app can neither trace it nor reach the host through it (CVE-2016-9962, CVE-2024-21626).
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/child.h"
#include "runtime/child/cpu_list.h"
#include "runtime/child/listener.h"
#include "runtime/child/middle.h"
#include "runtime/child/namespaces.h"
#include "runtime/child/oom_score.h"
#include "runtime/child/rlimits.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/debug.h"
#include "runtime/guard.h"
#include "runtime/launch/oci_brief.h"
#include "runtime/launch/oci_container.h"
#include "runtime/launch/sealed.h"
#include "runtime/launch/secret_env.h"
#include "runtime/seccomp/seccomp.h"
#include "runtime/state/pid_file.h"
#include "runtime/state/state.h"
#include "runtime/streams/console.h"
#include "runtime/streams/relay.h"
#include "specs/container.h"
#include "specs/oci_config.h"

struct entry {
	struct container container; /* of box run: borrows from record and request; of OCI: owned */
	struct record record;
	struct seccomp_filter filter;
	struct cgroup *group, *other;
	int first;      /* pidfd of the container's first process */
	int namespaces; /* CLONE_NEW*: those of its that are not box's own */
	int channel;
	int pidfd;   /* of the new process */
	pid_t pid;   /* likewise: nobody else can have it before this process has waited for it */
	int streams[3];
	bool is_oci;
	bool comes_later; /* into the cgroup: systemd moves it there */
	bool is_debug, is_rootless;
};

/* From here on it is about the group that was found. */
static int change_group(struct entry *entry, int found)
{
	if (found)
		return -1;
	cgroup_free(entry->group);
	entry->group = entry->other;
	return 0;
}

/* Whether nobody in the container can be the owner of box's file. The ids of an app are of box's own pool; an engine maps whom it likes,
 * be it the host's root, or, as root of a user's namespace, that very user. */
static bool is_beyond_reach(const struct record *record)
{
	return record->user_namespace && (!record->bundle || geteuid() != 0);
}

static int open_container(const struct places *places, const struct box_exec *request, struct entry *entry, struct error *e)
{
	bool alive = false;

	if (name_check(request->name, e) || state_read(places, request->name, &entry->record, &alive, e))
		return -1;
	/* Everything else would be done twice. */
	if (sealed_self(is_beyond_reach(&entry->record), e))
		return -1;
	entry->first = alive ? process_open_living((pid_t)entry->record.pid, entry->record.start_time) : -1;
	if (entry->first < 0)
		return error_set(e, ERROR_MISSING, "enter %s: container not running", request->name);
	if (cgroup_open(entry->record.cgroup ? entry->record.cgroup : "", &entry->group, e))
		return -1;
	if (cgroup_is_frozen(entry->group) && !request->ignores_pause) {
		error_set(e, ERROR_DENIED, "enter %s: it is paused", request->name);
		return error_hint(e, "box unpause %s", request->name);
	}
	return request->cgroup ? change_group(entry, cgroup_open_below(entry->group, request->cgroup, &entry->other, e)) : 0;
}

/* Joining a namespace that one is in already may be refused: one's own user namespace always, the host's network without root
 * (setns(2)). */
static int find_namespaces(const struct box_exec *request, struct entry *entry, struct error *e)
{
	for (enum namespace_kind i = 0; i < NAMESPACE_COUNT; i++) {
		int is_shared = 0;

		/* Made for this container: nobody but what is in it can be there. */
		if (i == NAMESPACE_USER || !entry->is_oci || entry->container.namespaces[i].choice != NAMESPACE_NEW)
			is_shared = namespace_is_shared(i, (pid_t)entry->record.pid, e);
		if (is_shared < 0)
			return error_in(e, "enter %s", entry->record.name);
		if (!is_shared)
			entry->namespaces |= namespace_flag(i);
	}
	if (request->tools)
		debug_namespaces(&entry->container, &entry->namespaces);
	return 0;
}

static void describe(const struct box_exec *request, struct entry *entry)
{
	const struct record *record = &entry->record;
	struct container *c = &entry->container;
	uint64_t held = (uint64_t)record->capabilities;

	*c = (struct container){
		.name = record->name, .args = *request->args, .working_dir = record->working_dir, .user = record->user,
		.group_add = record->group_add, .capabilities = { held, held, 0, held, 0 }, .only_root_has_capabilities = true,
		.umask = 022, .no_new_privileges = record->no_new_privileges, .seccomp = (enum seccomp_mode)record->seccomp,
		.seccomp_file = record->seccomp_file, .terminal = request->terminal,
		.keep_stdin = request->keep_stdin,
	};
	if (!record->user_namespace)
		c->namespaces[NAMESPACE_USER].choice = NAMESPACE_HOST;
	if (request->tools) { /* neither the app's variables nor its secrets */
		list_copy(&c->env, &request->tools->env);
	} else {
		list_copy(&c->env, &record->env);
		secret_env_find((pid_t)record->pid, &record->secret_names, &c->env);
	}
	/* The command line gives only KEY=VALUE. */
	for (size_t i = 0; request->env && i < request->env->count; i++)
		(void)list_env_put(&c->env, request->env->items[i]);
	if (request->working_dir)
		c->working_dir = (char *)request->working_dir;
	if (request->user)
		c->user = (char *)request->user;
}

static int set_affinity(pid_t pid, const char *list, const char *field, struct error *e)
{
	unsigned long cpus[CPU_LIST_LONGS] = { 0 };

	if (!list)
		return 0;
	if (cpu_list_parse(list, cpus)) {
		error_set(e, ERROR_SPEC, "expected cpus such as \"0-3,7\", found \"%s\"", list);
		return error_at(e, "%s", field);
	}
	if (sched_setaffinity(pid, sizeof cpus, (const cpu_set_t *)cpus)) {
		error_sys(e, "run on the cpus %s", list);
		return error_at(e, "%s", field);
	}
	return 0;
}

static void replace_text(char **text, const char *by)
{
	free(*text);
	*text = alloc_copy(by);
}

static int add_capabilities(const struct list *names, struct capability_sets *sets, struct error *e)
{
	for (size_t i = 0; i < names->count; i++) {
		int number = capability_number(names->items[i]);

		if (number < 0)
			return error_set(e, ERROR_USAGE, "option --cap %s: no such capability", names->items[i]);
		sets->bounding |= UINT64_C(1) << number;
		sets->permitted |= UINT64_C(1) << number;
		sets->effective |= UINT64_C(1) << number;
	}
	return 0;
}

/* What the words of the command line change of the container's own process. */
static int apply_words(const struct box_exec *request, struct container *c, struct error *e)
{
	list_release(&c->args);
	list_copy(&c->args, request->args);
	for (size_t i = 0; request->env && i < request->env->count; i++)
		(void)list_env_put(&c->env, request->env->items[i]);
	if (request->working_dir)
		replace_text(&c->working_dir, request->working_dir);
	if (request->user)
		replace_text(&c->user, request->user);
	for (size_t i = 0; request->groups && i < request->groups->count; i++)
		list_add(&c->group_add, request->groups->items[i]);
	c->terminal = request->terminal;
	c->no_new_privileges |= request->no_new_privileges;
	return request->capabilities ? add_capabilities(request->capabilities, &c->capabilities, e) : 0;
}

/* The container as it was created, with the process that the engine wants in it. */
static int describe_oci(int folder, const struct oci_brief *brief, const struct box_exec *request, struct entry *entry, struct error *e)
{
	struct container *c = &entry->container;

	if (brief ? oci_container_of_brief(brief, request->name, c, e) : oci_container_of(folder, request->name, c, e))
		return -1;
	entry->is_oci = true;
	c->oci->preserved = request->preserved;
	if (request->process ? oci_process_decode(request->process, request->process_length, "process.json", c, e) : apply_words(request, c, e))
		return -1;
	if (!entry->record.user_namespace && !container_has_namespace(c, NAMESPACE_USER))
		capabilities_lower(&c->capabilities);
	return 0;
}

/* With the filter that create made, unless it depends on capabilities that this process has not or has besides. */
static int prepare_oci_container(const struct places *places, const struct box_exec *request, struct entry *entry, struct error *e)
{
	autorelease(text) struct text content = { 0 };
	autoclose int folder = state_folder(places, request->name, e);
	struct oci_brief brief;

	if (folder < 0)
		return -1;
	if (oci_brief_read(folder, &content, &brief)) {
		if (describe_oci(folder, &brief, request, entry, e))
			return -1;
		if (brief.bounding == entry->container.capabilities.bounding) {
			oci_brief_filter(&brief, &entry->filter);
			return 0;
		}
		container_release(&entry->container);
	}
	if (describe_oci(folder, NULL, request, entry, e))
		return -1;
	return seccomp_prepare(places, &entry->container, &entry->filter, e);
}

/* Whoever is in the container may read the command line of what joins it: other users of the app's, and what -e says is not for them. */
static void hide_words(struct container *c)
{
	/* These may lie in it; lists are copies. */
	c->user = c->user ? alloc_copy(c->user) : NULL;
	c->working_dir = c->working_dir ? alloc_copy(c->working_dir) : NULL;
	process_hide_words();
}

/* In the middle process. The cgroup first, while its descriptors are open. */
static int join_namespaces(void *data, int *channel, struct error *e)
{
	struct entry *entry = data;
	int first = entry->first;
	int *const kept[] = { channel, &first };

	if (set_affinity(0, entry->is_oci ? entry->container.oci->affinity_initial : NULL, "process.execCPUAffinity.initial", e))
		return -1;
	if (!entry->comes_later && cgroup_enter(entry->group, cgroup_clone_fd(entry->group) >= 0, e))
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "hide from tracers");
	hide_words(&entry->container);
	trace_close();
	if (process_keep_only(3 + (entry->is_oci ? entry->container.oci->preserved : 0), kept, sizeof kept / sizeof *kept, e))
		return -1;
	if (entry->is_debug && !entry->is_rootless && debug_leave_host(e))
		return -1;
	if (setns(first, entry->namespaces))
		return error_sys(e, "join the namespaces of %s", entry->record.name);
	if (entry->is_debug)
		entry->first = first; /* its mounts are copied later */
	else
		close(first);
	return 0;
}

static void become_child(void *data, int channel)
{
	struct entry *entry = data;
	struct child child = {
		.container = &entry->container, .filter = &entry->filter, .channel = channel, .init_program = -1, .start = -1,
		.can_setgroups = entry->record.can_setgroups, .scaffold = -1, .root = -1, .proc = -1, .pts = -1, .mask_folder = -1,
		.streams = { -1, -1, -1 }, .parent_streams = { -1, -1, -1 }, .cgroup = entry->group, .app_root = -1,
		.first = entry->first, .source_is_file = entry->is_debug ? alloc_zeroed(entry->container.mount_count + 1, sizeof(bool)) : NULL,
		.is_rootless = entry->is_rootless,
	};

	if (entry->is_debug)
		child_debug(&child);
	child_enter(&child);
}

static int wait_ready(struct entry *entry, struct message *ret, struct error *e)
{
	int got = stage_receive(entry->channel, STAGE_READY, ret, e);

	if (got == 0)
		return error_set(e, ERROR_KERNEL, "enter %s: the new process died before its program ran", entry->record.name);
	return got < 0 ? -1 : 0;
}

static int try_middle(struct entry *entry, struct error *e)
{
	struct middle middle = { .cgroup = entry->comes_later ? -1 : cgroup_clone_fd(entry->group), .prepare = join_namespaces,
				 .become = become_child, .data = entry, .flags = entry->is_debug ? CLONE_NEWNS : 0 };
	int ends[2];

	if (channel_open(ends, e))
		return -1;
	if (entry->channel >= 0)
		close(entry->channel);
	entry->channel = middle.outside = ends[0];
	middle.inside = ends[1];
	entry->pid = middle_start(&middle, &entry->pidfd, e);
	return entry->pid < 0 ? -1 : 0;
}

/* What else can be done where the group itself does not take the process. */
static int find_other_way(const struct box_exec *request, struct entry *entry, struct error *e)
{
	struct error other = { 0 };

	/* The app made groups below its own and handed controllers on to them: to where its first process is, as runc does. */
	if (e->sys == EBUSY && !request->cgroup &&
	    change_group(entry, cgroup_open_around(entry->group, (pid_t)entry->record.pid, &entry->other, &other)) == 0) {
		error_clear(e);
		return 0;
	}
	if ((e->sys == EACCES || e->sys == EPERM) && cgroup_can_attach(entry->group)) {
		error_clear(e);
		entry->comes_later = true;
		return 0;
	}
	return -1;
}

static int start_middle(const struct box_exec *request, struct entry *entry, struct error *e)
{
	struct message message;

	relay_signals_block();
	if (try_middle(entry, e) && (find_other_way(request, entry, e) || try_middle(entry, e)))
		return -1;
	if (entry->comes_later && cgroup_attach(entry->group, entry->pid, e))
		return -1;
	if (entry->is_debug && !entry->is_rootless && debug_send_layers(entry->channel, &entry->record, &entry->container, e))
		return -1;
	message_init(&message, STAGE_GO);
	if (channel_send(entry->channel, &message, e) == 0)
		return 0;
	if (e->sys != EPIPE)
		return -1;
	error_clear(e); /* it has failed already: why, the next message from it says */
	return 0;
}

/* The new process gets the limits of the container's first one. */
static int copy_limits(struct entry *entry, struct error *e)
{
	if (rlimits_copy((pid_t)entry->record.pid, entry->pid, e))
		return -1;
	return rlimits_apply(entry->pid, entry->container.rlimits, entry->container.rlimit_count, e);
}

static int prepare_oci(struct entry *entry, const struct box_exec *request, struct error *e)
{
	pid_t pid = entry->pid;

	if (set_affinity(pid, entry->container.oci->affinity_final, "process.execCPUAffinity.final", e) ||
	    oom_score_set(pid, entry->container.oci->oom_score_adj, e))
		return -1;
	if (request->console_socket && entry->container.terminal && console_send(request->console_socket, entry->streams[0], e))
		return -1;
	return request->pid_file ? pid_file_write(request->pid_file, pid, e) : 0;
}

static int let_run(struct entry *entry, const struct box_exec *request, struct error *e)
{
	const struct listener_notice notice = { .container = &entry->container, .pid = entry->pid,
						.first = (pid_t)entry->record.pid, .status = "running" };
	autoclose int listener = -1;
	struct message message;

	if (entry->is_debug && guard_watch(request->guard, entry->channel, e))
		return -1;
	if (wait_ready(entry, &message, e))
		return -1;
	stage_take_streams(&message, entry->streams);
	if (copy_limits(entry, e) || (entry->is_oci && prepare_oci(entry, request, e)) || listener_connect(&entry->container, &listener, e))
		return -1;
	message_init(&message, STAGE_START);
	if (channel_send(entry->channel, &message, e))
		return -1;
	sealed_settle(); /* the middle process has closed its own, and the new one is busy */
	return listener_wait(entry->channel, &listener, &notice, e);
}

static int attend(struct entry *entry, int *ret_status, struct error *e)
{
	struct relay relay = { .pidfd = entry->pidfd, .app_stdin = entry->streams[0], .app_stdout = entry->streams[1],
			       .app_stderr = entry->streams[2], .terminal = -1 };
	struct process_end end;

	if (entry->container.terminal) {
		relay.terminal = entry->streams[0];
		relay.app_stdin = -1;
	}
	/* What relay_run closes is no longer ours. */
	entry->streams[0] = entry->streams[1] = entry->streams[2] = -1;
	if (relay_run(&relay, &end, e))
		return -1;
	*ret_status = end.signal ? 128 + end.signal : end.code;
	return 0;
}

static void release(struct entry *entry)
{
	int *fds[] = { &entry->first, &entry->channel, &entry->pidfd, &entry->streams[0], &entry->streams[1], &entry->streams[2] };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (*fds[i] >= 0)
			close(take_fd(fds[i]));
	if (entry->is_oci)
		container_release(&entry->container);
	else
		secret_list_release(&entry->container.env); /* the rest of it is borrowed */
	seccomp_filter_release(&entry->filter);
	cgroup_free(entry->group);
	record_release(&entry->record);
}

static int prepare(const struct places *places, const struct box_exec *request, struct entry *entry, struct error *e)
{
	if (open_container(places, request, entry, e))
		return -1;
	entry->is_debug = request->tools;
	entry->is_rootless = places->rootless;
	if (entry->record.bundle)
		return prepare_oci_container(places, request, entry, e) || find_namespaces(request, entry, e) ? -1 : 0;
	if (request->process || request->detach) {
		error_set(e, ERROR_UNSUPPORTED, "enter %s: --process and --detach are for OCI containers", request->name);
		return error_hint(e, "box exec %s sh -c 'PROGRAM >/dev/null 2>&1 &'", request->name);
	}
	describe(request, entry);
	if (request->tools)
		debug_describe(request->tools, &entry->container);
	return find_namespaces(request, entry, e) || seccomp_prepare(places, &entry->container, &entry->filter, e) ? -1 : 0;
}

int box_exec(const struct places *places, const struct box_exec *request, int *ret_status, struct error *e)
{
	struct entry entry = { .first = -1, .channel = -1, .pidfd = -1, .streams = { -1, -1, -1 } };
	struct process_end end;
	struct error ignored = { 0 };
	int result = prepare(places, request, &entry, e);

	if (result == 0)
		result = start_middle(request, &entry, e);
	if (result == 0)
		result = let_run(&entry, request, e);
	if (result && entry.pidfd >= 0) {
		(void)process_signal(entry.pidfd, SIGKILL); /* it may have ended by itself */
		(void)process_wait(entry.pidfd, &end, &ignored);
	}
	*ret_status = 0;
	if (result == 0 && !request->detach)
		result = attend(&entry, ret_status, e);
	release(&entry);
	return result;
}
