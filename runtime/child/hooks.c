/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.c - the programs that an engine wants to have run at points of a container's life.
 */
#include "runtime/child/hooks.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "runtime/child/oci_state.h"

static const char *const names[HOOK_COUNT] = {
	[HOOK_PRESTART] = "prestart", [HOOK_CREATE_RUNTIME] = "createRuntime", [HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer", [HOOK_POSTSTART] = "poststart", [HOOK_POSTSTOP] = "poststop",
};

bool hooks_has(const struct container *container, enum hook_point point)
{
	return container->oci && container->oci->hooks[point].count;
}

/* A file without a name that holds the state, at its beginning. */
static int state_file(const struct oci_state *state, struct error *e)
{
	autorelease(text) struct text json = { 0 };
	int fd;

	oci_state_dump(state, &json);
	fd = file_in_memory("state", json.data, json.length);
	return fd >= 0 ? fd : error_sys(e, "hold the container's state for a hook");
}

static int run_one(const struct hook *hook, const struct oci_state *state, int (*prepare)(void *, struct error *), void *data,
		   struct error *e)
{
	autoclose int input = state_file(state, e);
	autorelease(list) struct list args = { 0 };
	struct process_run run = { .path = hook->path, .environment = hook->env.items, .input = input, .prepare = prepare, .data = data };

	if (input < 0)
		return -1;
	if (!hook->args.count)
		list_add(&args, hook->path);
	run.argv = hook->args.count ? hook->args.items : args.items;
	run.timeout_ms = hook->timeout_s > INT_MAX / 1000 ? INT_MAX : (int)hook->timeout_s * 1000;
	return process_run(&run, NULL, e);
}

int hooks_run_prepared(const struct container *container, enum hook_point point, const struct oci_state *state,
		       int (*prepare)(void *data, struct error *e), void *data, struct error *e)
{
	for (size_t i = 0; hooks_has(container, point) && i < container->oci->hooks[point].count; i++)
		if (run_one(&container->oci->hooks[point].items[i], state, prepare, data, e))
			return error_at(e, "hooks.%s[%zu]", names[point], i);
	return 0;
}

int hooks_run(const struct container *container, enum hook_point point, const struct oci_state *state, struct error *e)
{
	return hooks_run_prepared(container, point, state, NULL, NULL, e);
}

void hooks_run_all(const struct container *container, enum hook_point point, const struct oci_state *state)
{
	for (size_t i = 0; hooks_has(container, point) && i < container->oci->hooks[point].count; i++) {
		struct error e = { 0 };

		if (run_one(&container->oci->hooks[point].items[i], state, NULL, NULL, &e))
			log_warning("hooks.%s[%zu]: %s, continuing", names[point], i, e.text);
	}
}
