/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_create.c - from a bundle to a container: create, and run, which also starts it and may wait for its end.
 */
#include "runtime/oci.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/hooks.h"
#include "runtime/child/oci_state.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/oci_container.h"
#include "runtime/launch/sealed.h"
#include "runtime/oci_parts.h"
#include "runtime/state/state.h"
#include "runtime/streams/relay.h"
#include "runtime/sweep.h"
#include "specs/container.h"

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
	if (name_check(request->id, e) || seal(places, e) || sweep_one(places, request->id, e) < 0 ||
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
	if (keep || oci_delete_known(places, id, /* force= */ true, &undo) == 0)
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
		result = oci_run_poststart(places, request->id, &creation.container, e);
	if (result == 0) {
		*ret_status = 0;
		if (!detach)
			result = run_here(places, &creation.launch, request->id, keep, ret_status, e);
		keep_started(&creation.launch);
	}
	return finish(&creation, result, e);
}
