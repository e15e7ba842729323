/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug.c - a program of another image beside an app (box debug).
 *
 *   box                              guard                  new process (child.c: debug_steps)
 *   a cgroup below the app's
 *   starts the guard           -->   waits on a pipe
 *   box exec: middle process, in all namespaces but the mounts,
 *   clones with a copy of the host's mounts           -->   "/" of the app copied, detached
 *   layers, id-mapped, GO                             -->   overlay without a writable layer, proc, dev, sys, the app on /app,
 *                                                           pivot: nothing of the host is left
 *   ROOT: its mount namespace  -->   notes it         <--
 *   relay                                                   powers of the app, its filter, program
 *   ends, or is killed         -->   end of file: kills the cgroup, and whoever has those mounts
 *
 * The app is hostile, and shares all but the mounts with the program. Until execve the process is not dumpable, so nothing in the app can
 * trace it or reach its files by /proc. From then on it is what box exec would make, and the app may do to it what it may do to its own:
 * so it has no descriptor but the streams, its root cannot be written, and set-id bits in it are void.
 */
#include "runtime/debug.h"

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/box.h"
#include "runtime/child/afterwards.h"
#include "runtime/child/namespaces.h"
#include "runtime/child/sources.h"
#include "runtime/child/stage.h"
#include "runtime/guard.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "specs/container.h"

void debug_describe(const struct container *tools, struct container *c)
{
	c->layers = tools->layers;
	c->layer_count = tools->layer_count;
	c->read_only_root = true;
	c->mounts = tools->mounts;
	c->mount_count = tools->mount_count;
	c->files = tools->files;
	c->file_count = tools->file_count;
	c->masked_paths = tools->masked_paths;
	c->read_only_paths = tools->read_only_paths;
	c->working_dir = tools->working_dir;
}

void debug_namespaces(struct container *c, int *flags)
{
	*flags &= ~CLONE_NEWNS;
	if (!(*flags & CLONE_NEWNET))
		c->namespaces[NAMESPACE_NETWORK].choice = NAMESPACE_HOST;
}

/* The store's ids as the app's, where it has ids of its own. */
static int open_maps(const struct record *record, struct sources *ret, struct error *e)
{
	uint32_t base = record->user_namespace ? (uint32_t)record->id_base : 0;
	struct id_extent store = { ID_POOL_BASE, base, ID_RANGE };
	struct id_map shift = {
		.uids = { store }, .gids = { store }, .uid_count = 1, .gid_count = 1, .can_setgroups = true
	};
	char path[64];

	ret->shift_userns = idmap_namespace(&shift, e);
	if (ret->shift_userns < 0 || !record->user_namespace)
		return ret->shift_userns < 0 ? -1 : 0;
	(void)snprintf(path, sizeof path, "/proc/%jd/ns/user", (intmax_t)record->pid); /* always fits */
	ret->app_userns = open(path, O_RDONLY | O_CLOEXEC);
	return ret->app_userns < 0 ? error_sys(e, "open %s", path) : 0;
}

static int send_all(int channel, const struct sources *sources, const struct container *c, struct message *message,
		    struct error *e)
{
	for (size_t i = 0; i < c->layer_count; i++) {
		int layer = source_layer(sources, &c->layers[i], e);

		if (layer < 0 || stage_add_mount(channel, message, layer, e))
			return -1;
	}
	message->stage = STAGE_DESCRIPTORS;
	return channel_send(channel, message, e);
}

int debug_send_layers(int channel, const struct record *record, const struct container *c, struct error *e)
{
	struct sources sources = { .app_userns = -1, .shift_userns = -1 };
	struct message message;
	int result = open_maps(record, &sources, e);

	message_init(&message, 0);
	if (result == 0)
		result = send_all(channel, &sources, c, &message, e);
	message_release(&message);
	if (sources.shift_userns >= 0)
		close(sources.shift_userns);
	if (sources.app_userns >= 0)
		close(sources.app_userns);
	return result;
}

/* What the program begins is ended with its group, all at once; where none can be made, by its mounts. */
static int make_group(const struct places *places, const char *name, const char *below, struct cgroup **ret,
		      struct error *e)
{
	struct error ignored = { 0 };
	struct record record = { 0 };
	struct cgroup *group = NULL;
	bool alive = false;
	int result = name_check(name, e) || state_read(places, name, &record, &alive, e) ? -1 : 0;

	if (result == 0 && !alive)
		result = error_set(e, ERROR_MISSING, "debug %s: it is not running", name);
	if (result == 0 && record.bundle) {
		error_set(e, ERROR_UNSUPPORTED, "debug %s: it was made from an OCI bundle", name);
		result = error_hint(e, "the engine has a command for it: kubectl debug, docker debug; or box exec %s",
				    name);
	}
	if (result == 0)
		result = cgroup_open(record.cgroup ? record.cgroup : "", &group, e);
	if (result == 0 && cgroup_make_below(group, below, ret, &ignored))
		*ret = NULL;
	cgroup_free(group);
	record_release(&record);
	return result;
}

int box_debug(const struct places *places, const struct box_debug *request, int *ret_status, struct error *e)
{
	autofree char *below = text_format("box-debug-%d", (int)getpid());
	struct afterwards guard = AFTERWARDS_NONE;
	struct cgroup *group = NULL;
	struct box_exec exec = {
		.name = request->name,
		.args = &request->tools->args,
		.env = request->env,
		.user = request->user,
		.terminal = request->terminal,
		.keep_stdin = request->keep_stdin,
		.tools = request->tools,
	};
	struct error ignored = { 0 };
	int result = make_group(places, request->name, below, &group, e);

	if (result == 0)
		result = guard_start(group, &guard, e);
	exec.guard = guard.pipe;
	exec.cgroup = group ? below : NULL;
	if (result == 0)
		result = box_exec(places, &exec, ret_status, e);
	if (afterwards_end(&guard, result ? &ignored : e))
		result = -1;
	cgroup_free(group);
	return result;
}

int box_shares_network(const struct places *places, const char *name, struct error *e)
{
	struct record record = { 0 };
	bool alive = false;
	int result = name_check(name, e) || state_read(places, name, &record, &alive, e) ? -1 : 0;

	if (result == 0 && !alive)
		result = error_set(e, ERROR_MISSING, "debug %s: it is not running", name);
	if (result == 0)
		result = namespace_is_shared(NAMESPACE_NETWORK, (pid_t)record.pid, e);
	record_release(&record);
	return result;
}
