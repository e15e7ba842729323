/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci.c - the verbs that engines call.
 */
#include "runtime/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/capabilities.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"
#include "runtime/listener.h"
#include "runtime/oci_brief.h"
#include "runtime/oci_container.h"
#include "runtime/oci_state.h"
#include "runtime/relay.h"
#include "runtime/sealed.h"
#include "runtime/stage.h"
#include "runtime/state.h"
#include "runtime/sweep.h"
#include "runtime/users.h"
#include "specs/container.h"

enum { STEP_US = 2000, PATIENCE_US = 10000000 };

/* Before the configuration is read, which would be read twice otherwise. Nobody knows yet whether it has a user namespace: as root that
 * would make it unnecessary, which is the rarer case. */
static int seal(const struct places *places, struct error *e)
{
	return sealed_self(/* has_user_namespace= */ places->rootless, e);
}

static int seal_for(const struct places *places, const struct container *container, struct error *e)
{
	return places->rootless ? sealed_self(container_has_namespace(container, NAMESPACE_USER), e) : 0;
}

static int check_words(const struct oci_create *request, const struct container *container, struct error *e)
{
	if (!container->args.count) {
		error_set(e, ERROR_SPEC, "start %s: the configuration names no program", request->id);
		return error_at(e, "process.args");
	}
	if (!container->terminal && request->console_socket) {
		error_set(e, ERROR_SPEC, "use --console-socket: the program has no terminal");
		return error_at(e, "process.terminal");
	}
	return 0;
}

/* In the container the program is, or was exec'd by, the first process. */
static void tell_listening(const struct oci_create *request, struct list *env)
{
	autofree char *count = text_format("%d", request->listening);

	if (!request->listening)
		return;
	list_env_set(env, "LISTEN_FDS", count);
	list_env_set(env, "LISTEN_PID", "1");
	if (request->listening_names)
		list_env_set(env, "LISTEN_FDNAMES", request->listening_names);
}

/* A bundle, read and decided on. */
static int load(const struct places *places, const struct oci_create *request, struct oci_texts *ret_texts, struct container *ret,
		struct seccomp_filter *ret_filter, struct error *e)
{
	char bundle[PATH_MAX];

	if (!realpath(request->bundle, bundle))
		return error_sys(e, "open the bundle %s", request->bundle);
	if (oci_container_load(places, bundle, ret_texts, ret, ret_filter, e))
		return -1;
	ret->name = alloc_copy(request->id);
	ret->oci->no_pivot = request->no_pivot;
	ret->oci->no_new_keyring = request->no_new_keyring;
	ret->oci->preserved = request->preserved;
	tell_listening(request, &ret->env);
	if (!container_has_namespace(ret, NAMESPACE_USER))
		capabilities_lower(&ret->capabilities);
	if (check_words(request, ret, e) == 0)
		return 0;
	container_release(ret);
	seccomp_filter_release(ret_filter);
	return -1;
}

static void keep_started(struct launch *l)
{
	/* What a container has when its command ends stays: given away, so that release undoes none of it. */
	l->pid = 0;
	cgroup_free(l->group);
	l->group = NULL;
	state_release(&l->state);
}

/* runtime.md: where a hook fails, the life of the container goes on with its end, which poststop hooks belong to. */
static void run_poststop_of_failed(const struct container *container, const struct error *e)
{
	struct oci_state described = { .id = container->name, .status = (char *)"stopped", .rootfs = container->root_folder };

	if (!container->oci || !text_starts(e->field, "hooks."))
		return;
	described.version = container->oci->version;
	described.bundle = container->oci->bundle;
	described.annotations = container->oci->annotations;
	hooks_run_all(container, HOOK_POSTSTOP, &described);
}

/* A container on its way; what prepare made, finish releases. */
struct creation {
	struct oci_texts texts;
	struct container container;
	struct launch launch;
};

static int prepare(const struct places *places, const struct oci_create *request, struct creation *ret, struct error *e)
{
	struct seccomp_filter filter = { 0 };

	*ret = (struct creation){ 0 };
	if (box_check_name(request->id, e) || seal(places, e) || sweep_one(places, request->id, e) < 0 ||
	    load(places, request, &ret->texts, &ret->container, &filter, e)) {
		oci_texts_release(&ret->texts);
		return -1;
	}
	launch_init(&ret->launch, places, &ret->container);
	ret->launch.filter = filter;
	ret->launch.wishes = (struct launch_wishes){ .texts = &ret->texts,
						     .console_socket = request->console_socket, .pid_file = request->pid_file,
						     .manager = request->manager };
	return 0;
}

/* Undoes what was not given away. result: how it went, which is returned. */
static int finish(struct creation *creation, int result, const struct error *e)
{
	struct error undo = { 0 };

	if (launch_release(&creation->launch, &undo))
		log_warning("clean up after %s: %s, continuing", creation->container.name, undo.text);
	if (result)
		run_poststop_of_failed(&creation->container, e);
	container_release(&creation->container);
	oci_texts_release(&creation->texts);
	return result;
}

int oci_create(const struct places *places, const struct oci_create *request, struct error *e)
{
	struct creation creation;
	int result;

	if (prepare(places, request, &creation, e))
		return -1;
	if (creation.container.terminal && !request->console_socket)
		result = error_set(e, ERROR_USAGE, "create %s: its program wants a terminal: --console-socket has to say who gets it",
				   request->id);
	else
		result = seal_for(places, &creation.container, e);
	if (result == 0)
		result = launch_start(&creation.launch, e);
	if (result == 0)
		keep_started(&creation.launch);
	return finish(&creation, result, e);
}

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

/* runtime.md, since 1.3: one that fails is an error, and the end of the container. */
static int run_poststart(const struct places *places, const char *id, const struct container *container, struct error *e)
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

	if (box_check_name(id, e) || state_lock(places, id, &state, e))
		return -1;
	/* Most configurations have nothing to say here, and are not decoded once more. */
	result = oci_brief_concerns_start(state.folder) &&
				 (state_read(places, id, &record, &alive, e) || oci_container_of(state.folder, id, &container, e))
			 ? -1
			 : let_start(&state, &record, &container, e);
	if (result == 0 && (result = run_poststart(places, id, &container, e)))
		end_first((pid_t)record.pid, record.start_time);
	record_release(&record);
	container_release(&container);
	state_release(&state);
	return result;
}

/* The name of whom the state folder belongs to, as runc's list says it; "" where the host does not know the uid. */
static char *owner_of(const struct places *places, const char *id)
{
	autofree char *path = text_format("%s/%s", places->state, id);
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct identity owner = { 0 };
	struct error ignored = { 0 };
	struct stat st;
	char uid[16], *name = NULL;

	if (root < 0 || stat(path, &st))
		return alloc_copy("");
	(void)snprintf(uid, sizeof uid, "%u", st.st_uid); /* always fits */
	if (users_find(root, uid, NULL, &owner, &ignored) == 0)
		name = alloc_copy(owner.name ? owner.name : "");
	identity_release(&owner);
	return name ? name : alloc_copy("");
}

static const char *status_of(const struct places *places, const struct record *record, bool alive)
{
	struct error ignored = { 0 };
	struct cgroup *group = NULL;
	bool is_frozen = false;

	if (!alive)
		return "stopped";
	if (cgroup_open(record->cgroup ? record->cgroup : "", &group, &ignored) == 0) {
		is_frozen = cgroup_is_frozen(group);
		cgroup_free(group);
	}
	return is_frozen ? "paused" : state_is_waiting(places, record->name) ? "created" : "running";
}

int oci_state_find(const struct places *places, const char *id, struct oci_state *ret, struct error *e)
{
	struct record record = { 0 };
	bool alive;

	if (box_check_name(id, e) || state_read(places, id, &record, &alive, e))
		return -1;
	*ret = (struct oci_state){ .version = alloc_copy(record.oci_version ? record.oci_version : "1.2.0"), .id = alloc_copy(id),
				   .pid = alive ? record.pid : 0, .status = alloc_copy(status_of(places, &record, alive)),
				   .bundle = alloc_copy(record.bundle ? record.bundle : ""),
				   .rootfs = alloc_copy(record.rootfs ? record.rootfs : ""),
				   .created = oci_state_time(record.created, record.created_ns),
				   .owner = owner_of(places, id) };
	list_copy(&ret->annotations, &record.annotations);
	record_release(&record);
	return 0;
}

/* Sends SIGKILL until the first process is gone, with everything in its cgroup: without a pid namespace of its own the others stay. */
static int end_processes(const struct record *record, struct cgroup *group, struct error *e)
{
	autoclose int pidfd = process_open((pid_t)record->pid);

	if (pidfd >= 0 && process_start_time((pid_t)record->pid) == record->start_time)
		(void)process_signal(pidfd, SIGKILL); /* it may have ended by itself */
	if (cgroup_kill(group, SIGKILL, e))
		return -1;
	for (int64_t waited = 0; process_start_time((pid_t)record->pid) == record->start_time && !process_is_zombie((pid_t)record->pid);
	     waited += STEP_US) {
		if (waited > PATIENCE_US)
			return error_set(e, ERROR_KERNEL, "delete %s: its first process was killed and does not end", record->name);
		usleep(STEP_US);
	}
	return 0;
}

static int check_deletable(const struct places *places, const struct record *record, bool alive, bool force, struct error *e)
{
	if (force || !alive || state_is_waiting(places, record->name))
		return 0;
	error_set(e, ERROR_EXISTS, "delete %s: cannot delete container that is not stopped: %s", record->name,
		  status_of(places, record, alive));
	return error_hint(e, "box kill %s KILL, or box delete --force %s", record->name, record->name);
}

static void run_poststop(const struct state *state, const struct record *record)
{
	struct container container = { 0 };
	struct error e = { 0 };
	struct oci_state described = { .version = record->oci_version, .id = record->name, .pid = 0, .status = (char *)"stopped",
				       .bundle = record->bundle, .rootfs = record->rootfs, .annotations = record->annotations };

	if (oci_brief_concerns_start(state->folder) && oci_container_of(state->folder, state->name, &container, &e) == 0)
		hooks_run_all(&container, HOOK_POSTSTOP, &described);
	container_release(&container);
}

/* Whether another container that lives was made in the same group after the end of this one: engines may say one path twice. */
static bool is_others_by_now(const struct places *places, const struct record *record, const struct cgroup *group)
{
	autorelease(list) struct list names = { 0 };
	struct error ignored = { 0 };
	bool result = false;

	if (cgroup_is_empty(group) || state_names(places, &names, &ignored))
		return false;
	for (size_t i = 0; !result && i < names.count; i++) {
		struct record other = { 0 };
		bool alive;

		if (strcmp(names.items[i], record->name) == 0 || state_read(places, names.items[i], &other, &alive, &ignored))
			continue;
		result = alive && text_equal(other.cgroup, record->cgroup);
		record_release(&other);
	}
	return result;
}

static int clear_group(const struct places *places, const struct record *record, bool alive, struct error *e)
{
	struct cgroup *group = NULL;
	int result = 0;

	if (cgroup_open(record->cgroup ? record->cgroup : "", &group, e))
		return -1;
	if (!alive && is_others_by_now(places, record, group))
		log_warning("delete %s: its cgroup %s stays: another container is in it", record->name, cgroup_path(group));
	else if (end_processes(record, group, e) || cgroup_remove(group, e))
		result = -1;
	cgroup_free(group);
	return result;
}

static int remove_locked(const struct places *places, struct state *state, bool force, struct error *e)
{
	struct record record = { 0 };
	bool alive;
	int result;

	if (state_read(places, state->name, &record, &alive, e))
		return -1;
	result = check_deletable(places, &record, alive, force, e) || clear_group(places, &record, alive, e) ? -1 : 0;
	if (result == 0)
		run_poststop(state, &record);
	record_release(&record);
	return result ? -1 : state_remove(places, state, e);
}

/* One that has a record, or is gone. */
static int delete_known(const struct places *places, const char *id, bool force, struct error *e)
{
	struct state state;
	int swept;

	if (state_lock(places, id, &state, e)) {
		if (force && e->kind == ERROR_MISSING) {
			error_clear(e);
			return 0;
		}
		return -1;
	}
	if (remove_locked(places, &state, force, e) == 0)
		return 0;
	state_release(&state);
	if (e->kind != ERROR_MISSING)
		return -1;
	/* The lock was held by a create that was killed, and let go of only now. */
	error_clear(e);
	swept = sweep_one(places, id, e);
	return swept < 0 ? -1 : force ? 0 : state_missing(id, e);
}

int oci_delete(const struct places *places, const char *id, bool force, struct error *e)
{
	int swept;

	if (box_check_name(id, e))
		return -1;
	/* One whose create was killed half-way has no record. */
	swept = sweep_one(places, id, e);
	if (swept < 0)
		return -1;
	if (swept > 0)
		return force ? 0 : state_missing(id, e);
	return delete_known(places, id, force, e);
}

static int attend(struct launch *l, int *ret_status, struct error *e)
{
	struct relay relay = { .pidfd = l->pidfd, .app_stdin = -1, .app_stdout = -1, .app_stderr = -1, .terminal = take_fd(&l->streams[0]) };
	struct process_end end;

	if (relay_run(&relay, &end, e))
		return -1;
	l->pid = 0;
	*ret_status = end.signal ? 128 + end.signal : end.code;
	return 0;
}

/* In the foreground: the container stays only with keep. */
static int run_here(const struct places *places, struct launch *l, const char *id, bool keep, int *ret_status, struct error *e)
{
	struct error undo = { 0 };
	int result;

	state_release(&l->state); /* other verbs take the lock */
	result = attend(l, ret_status, e);
	if (keep || delete_known(places, id, /* force= */ true, &undo) == 0)
		return result;
	log_warning("clean up after %s: %s, continuing", id, undo.text);
	return result;
}

int oci_run(const struct places *places, const struct oci_create *request, bool detach, bool keep, int *ret_status, struct error *e)
{
	struct creation creation;
	int result;

	if (prepare(places, request, &creation, e))
		return -1;
	creation.launch.wishes.starts = true;
	result = seal_for(places, &creation.container, e);
	if (result == 0 && !detach)
		relay_signals_block();
	if (result == 0)
		result = launch_start(&creation.launch, e);
	if (result == 0)
		result = run_poststart(places, request->id, &creation.container, e);
	if (result == 0) {
		*ret_status = 0;
		if (!detach)
			result = run_here(places, &creation.launch, request->id, keep, ret_status, e);
		keep_started(&creation.launch);
	}
	return finish(&creation, result, e);
}
