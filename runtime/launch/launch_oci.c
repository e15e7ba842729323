/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch_oci.c - the parent's half of a start for an OCI container.
 *
 *   parent                                          child (create_steps in child.c)
 *   ------------------------------------------     ----------------------------------------------
 *   state folder, filter, cgroup, clone3 (middle.h where something is joined)
 *   systemd's scope around the child (where it makes the cgroup), id maps, out-of-memory score
 *   GO; opens bind mounts: DESCRIPTORS… MOUNTS -->  root, mounts, devices
 *                                              <--  HOOKS (where there are any)
 *   prestart and createRuntime hooks, HOOKED   -->  createContainer hooks, masks, pivot, …
 *                                              <--  READY (terminal)
 *   console socket, rlimits, state, pid file
 *   run: START. create: PARK, and ends         -->  waits on the socket in the state folder for start
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/apps/apps.h"
#include "runtime/child/hooks.h"
#include "runtime/child/listener.h"
#include "runtime/child/oci_state.h"
#include "runtime/child/oom_score.h"
#include "runtime/child/rlimits.h"
#include "runtime/child/stage.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/launch_parts.h"
#include "runtime/launch/net_device.h"
#include "runtime/launch/oci_container.h"
#include "runtime/launch/sealed.h"
#include "runtime/state/pid_file.h"
#include "runtime/state/state.h"
#include "runtime/streams/console.h"
#include "specs/container.h"

/* An address of 108 bytes holds no path of any length: the folder goes by its descriptor. */
static int listen_for_start(struct launch *l, struct error *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	l->start = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start", l->state.folder); /* always fits */
	if (l->start < 0 || bind(l->start, (const struct sockaddr *)&address, sizeof address) || listen(l->start, 1))
		return error_sys(e, "make the socket for start");
	return 0;
}

static int keep(const struct launch *l, const char *file, const struct text *content, struct error *e)
{
	autoclose int fd = openat(l->state.folder, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write_all(fd, content->data, content->length))
		return error_sys(e, "keep a copy of the configuration");
	return 0;
}

static int keep_texts(const struct launch *l, struct error *e)
{
	const struct oci_texts *texts = l->wishes.texts;

	return keep(l, "config.json", &texts->config, e) || (texts->brief.length && keep(l, STATE_BRIEF, &texts->brief, e)) ? -1 : 0;
}

static int prepare(struct launch *l, struct error *e)
{
	const struct container *c = l->container;

	if (c->id_map)
		l->map = *c->id_map;
	else
		l->map = (struct id_map){ .can_setgroups = true };
	/* Without a privileged helper, which one own id does not need, the kernel wants setgroups(2) given up (user_namespaces(7)). */
	if (l->places->rootless && l->map.gid_count < 2)
		l->map.can_setgroups = false;
	l->has_user_namespace = c->namespaces[NAMESPACE_USER].choice == NAMESPACE_NEW;
	if (namespaces_open(c, &l->namespaces, e) || apps_refuse_name(l->places, c->name, e) || state_make(l->places, c->name, &l->state, e))
		return -1;
	if (keep_texts(l, e) || (!l->wishes.starts && listen_for_start(l, e)))
		return -1;
	trace_step("launch", "state");
	launch_look_at_sources(l);
	if (launch_make_cgroup(l, e))
		return -1;
	trace_step("launch", "cgroup");
	return 0;
}

static void describe(const struct launch *l, const char *status, struct oci_state *state)
{
	const struct container *c = l->container;

	*state = (struct oci_state){ .version = c->oci->version, .id = c->name, .pid = l->pid, .status = (char *)status,
				     .bundle = c->oci->bundle, .rootfs = c->root_folder, .annotations = c->oci->annotations };
}

static int run_hooks(struct launch *l, struct error *e)
{
	struct oci_state state;
	struct message message;

	if (!hooks_has(l->container, HOOK_PRESTART) && !hooks_has(l->container, HOOK_CREATE_RUNTIME))
		return 0;
	if (launch_expect(l, STAGE_HOOKS, &message, e))
		return -1;
	message_release(&message);
	/* "created" for prestart, as runc says it; createRuntime is a part of creating. */
	describe(l, "creating", &state);
	if (hooks_run(l->container, HOOK_PRESTART, &state, e) || hooks_run(l->container, HOOK_CREATE_RUNTIME, &state, e))
		return -1;
	message_init(&message, STAGE_HOOKED);
	return channel_send(l->channel, &message, e);
}

static int write_pid_file(const struct launch *l, struct error *e)
{
	return l->wishes.pid_file ? pid_file_write(l->wishes.pid_file, l->pid, e) : 0;
}

static int make_ready(struct launch *l, struct error *e)
{
	struct message message;

	if (launch_expect(l, STAGE_READY, &message, e))
		return -1;
	trace_step("launch", "wait: READY");
	stage_take_streams(&message, l->streams);
	if (l->wishes.console_socket && console_send(l->wishes.console_socket, l->streams[0], e))
		return -1;
	if (rlimits_apply(l->pid, l->container->rlimits, l->container->rlimit_count, e) || launch_write_record(l, e))
		return -1;
	return write_pid_file(l, e);
}

static int let_run(struct launch *l, struct error *e)
{
	const struct listener_notice notice = { .container = l->container, .pid = l->pid, .first = l->pid, .status = "created" };
	autoclose int listener = -1;
	struct message message;

	if (listener_connect(l->container, &listener, e))
		return -1;
	message_init(&message, STAGE_START);
	if (channel_send(l->channel, &message, e))
		return -1;
	sealed_settle(); /* the child has closed its own, and is busy */
	return listener_wait(l->channel, &listener, &notice, e);
}

int launch_create(struct launch *l, struct error *e)
{
	struct message message;

	if (prepare(l, e) || launch_clone(l, NULL, NULL, e))
		return -1;
	trace_step("launch", "clone");
	if (launch_start_unit(l, e) || launch_map_ids(l, e) || oom_score_set(l->pid, l->container->oci->oom_score_adj, e))
		return -1;
	if (launch_send_layers(l, e) || launch_send_sources(l, NULL, 0, 0, e))
		return -1;
	trace_step("launch", "id maps, binds");
	/* Before the hooks, which may set up more of the network. */
	if (net_devices_move(l->container, l->pid, &l->net_moves, e) || run_hooks(l, e) || make_ready(l, e))
		return -1;
	message_init(&message, STAGE_PARK);
	if (l->wishes.starts ? let_run(l, e) : channel_send(l->channel, &message, e))
		return -1;
	net_moves_free(l->net_moves);
	l->net_moves = NULL;
	return 0;
}
