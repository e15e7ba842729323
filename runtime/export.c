/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.c - the root of a container, or of layers, as a tar.
 *
 *   box                                 reader
 *   clone3                        -->   waits: nothing is written yet
 *   the id map, GO                -->   of a container: closes everything of the host, joins user and mount namespace by pidfd,
 *                                       takes the root's own mount out, without what lies on it (/proc, volumes)
 *                                       of layers: in namespaces of its own, mounts them as a start does (root_steps.c)
 *                                       gives up all capabilities but to read, writes the tar
 *   how it went                   <--   READY, ends
 *
 * The reader is in no pid namespace of a container, so that nobody inside can see or trace it; its power is that of the ids inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/channel.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mountapi.h"
#include "base/names.h"
#include "base/places.h"
#include "base/process.h"
#include "base/tar_tree.h"
#include "base/text.h"
#include "runtime/apps/apps.h"
#include "runtime/box.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/namespaces.h"
#include "runtime/child/sources.h"
#include "runtime/child/stage.h"
#include "runtime/child/steps.h"
#include "runtime/launch/sealed.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "specs/container.h"

struct reader {
	int out;
	int channel; /* box's end, then the reader's */
	/* The folder that is read; in the reader. */
	int (*open_root)(struct reader *reader, struct error *e);
	const struct id_map *map; /* of new namespaces; NULL: a container's are joined */
	int first;                /* pidfd of the container's first process, or -1 */
	int namespaces;           /* CLONE_NEW*: those of its that are joined */
	struct child *child;      /* mounts the layers */
};

static int wait_go(const struct reader *reader)
{
	struct message message;
	struct error ignored = { 0 };

	return channel_receive(reader->channel, &message, &ignored) > 0 && message.stage == STAGE_GO;
}

static int become_root(bool can_setgroups, struct error *e)
{
	if ((can_setgroups && setgroups(0, NULL)) || setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return error_sys(e, "become root of the user namespace");
	/* Changing the user cleared the death signal (prctl(2)). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "ask for the end together with box");
	return 0;
}

/* The container's root without what is mounted on it. No devices: what lies there changes while it is read. */
static int open_container_root(struct reader *reader, struct error *e)
{
	const struct mount_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE };
	int *const kept[] = { &reader->channel, &reader->out, &reader->first };
	autoclose int mount = -1;
	int root;

	if (prctl(PR_SET_DUMPABLE, 0))
		return error_sys(e, "hide from tracers");
	if (process_keep_only(3, kept, sizeof kept / sizeof *kept, e))
		return -1;
	if (setns(reader->first, reader->namespaces))
		return error_sys(e, "join its namespaces");
	close(take_fd(&reader->first));
	if (reader->namespaces & CLONE_NEWUSER && become_root(/* can_setgroups= */ false, e))
		return -1;
	mount = mount_clone(AT_FDCWD, "/", /* recursive= */ false, e);
	if (mount < 0 || mount_change(mount, "/", &change, e))
		return -1;
	root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_sys(e, "open its root") : root;
}

static int open_layers_root(struct reader *reader, struct error *e)
{
	int root;

	if (become_root(reader->map->can_setgroups, e))
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_sys(e, "keep mounts from spreading to the host");
	if (step_root(reader->child, e))
		return -1;
	root = openat(reader->child->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? error_sys(e, "open the root") : root;
}

static int read_all(struct reader *reader, struct tar_tree_report *report, struct error *e)
{
	const struct capability_sets only_read = { .permitted = UINT64_C(1) << CAP_DAC_READ_SEARCH,
						   .effective = UINT64_C(1) << CAP_DAC_READ_SEARCH };
	autoclose int root = reader->open_root(reader, e);

	if (root < 0 || capabilities_set(&only_read, e))
		return -1;
	return tar_tree_write(reader->out, root, report, e);
}

static _Noreturn void run_reader(struct reader *reader)
{
	struct tar_tree_report report = { 0 };
	struct error e = { 0 }, ignored = { 0 };
	struct message message;

	process_title("box:[export]");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || !wait_go(reader))
		_exit(125); /* box is gone: nobody is left to read for */
	message_init(&message, read_all(reader, &report, &e) ? STAGE_FAILED : STAGE_READY);
	message.error = e;
	message.numbers[0] = report.shortened;
	(void)channel_send(reader->channel, &message, &ignored); /* likewise */
	_exit(0);
}

static int attend(const struct reader *reader, pid_t pid, int channel, int64_t *ret_shortened, struct error *e)
{
	struct message message;
	int got;

	message_init(&message, STAGE_GO);
	if ((reader->map && id_map_write(pid, reader->map, e)) || channel_send(channel, &message, e))
		return -1;
	got = channel_receive(channel, &message, e);
	if (got == 0)
		return error_set(e, ERROR_KERNEL, "the process that reads it died");
	if (got < 0)
		return -1;
	*ret_shortened = message.numbers[0];
	if (message.stage == STAGE_FAILED)
		*e = message.error;
	return message.stage == STAGE_READY ? 0 : -1;
}

static int run(struct reader *reader, int64_t *ret_shortened, struct error *e)
{
	const struct process_clone request = { .flags = reader->map ? CLONE_NEWUSER | CLONE_NEWNS : 0, .cgroup = -1 };
	struct error ignored = { 0 };
	struct process_end end;
	autoclose int pidfd = -1, ours = -1;
	int ends[2], result;
	pid_t pid;

	if (channel_open(ends, e))
		return -1;
	ours = ends[0];
	reader->channel = ends[1];
	pid = process_clone(&request, &pidfd, e);
	if (pid == 0) {
		close(ours);
		run_reader(reader);
	}
	close(ends[1]);
	if (pid < 0)
		return -1;
	result = attend(reader, pid, ours, ret_shortened, e);
	if (result)
		(void)process_signal(pidfd, SIGKILL); /* it may have ended by itself */
	(void)process_wait(pidfd, &end, &ignored);    /* what it said is what counts */
	return result;
}

/* The namespaces that have to be joined: not those that box is in already, which setns(2) refuses. */
static int find_namespaces(pid_t pid, int *ret, struct error *e)
{
	static const enum namespace_kind kinds[] = { NAMESPACE_USER, NAMESPACE_MOUNT };

	*ret = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int is_shared = namespace_is_shared(kinds[i], pid, e);

		if (is_shared < 0)
			return -1;
		if (!is_shared)
			*ret |= namespace_flag(kinds[i]);
	}
	return *ret & CLONE_NEWNS ? 0 : error_set(e, ERROR_UNSUPPORTED, "it has no mounts of its own");
}

bool box_lives(const struct places *places, const char *name)
{
	struct record record = { 0 };
	struct error ignored = { 0 };
	bool alive = false;

	if (name_check(name, &ignored) || state_read(places, name, &record, &alive, &ignored))
		return false;
	record_release(&record);
	return alive;
}

int box_export(const struct places *places, const char *name, int fd, int64_t *ret_shortened, struct error *e)
{
	struct reader reader = { .out = fd, .first = -1, .open_root = open_container_root };
	struct record record = { 0 };
	bool alive = false;
	int result = -1;

	if (state_read(places, name, &record, &alive, e))
		return -1;
	reader.first = alive ? process_open_living((pid_t)record.pid, record.start_time) : -1;
	if (reader.first < 0)
		error_set(e, ERROR_MISSING, "container not running");
	else
		result = find_namespaces((pid_t)record.pid, &reader.namespaces, e) || run(&reader, ret_shortened, e) ? -1 : 0;
	record_release(&record);
	if (reader.first >= 0)
		close(reader.first);
	return result;
}

/* As root the mounts are made here; an ordinary user's reader may make them inside its namespace alone. */
static int take_layers(const struct sources *sources, const struct container *container, struct child *child, struct error *e)
{
	for (size_t i = 0; i < container->layer_count && !child->is_rootless; i++) {
		int mount = source_layer(sources, &container->layers[i], e), *place;

		if (mount < 0)
			return -1;
		place = alloc_append(&child->given.fds, &child->given.count, sizeof *child->given.fds);
		*place = mount;
	}
	return 0;
}

/* layers as a root that is only read, with the ids of map; shift: a user namespace that maps the store's ids to those, or -1. */
static int export_layers(const struct places *places, struct layer *layers, size_t count, const struct id_map *map, int shift, int fd,
			 struct error *e)
{
	/* Its working folder is one that every image has. */
	const struct container container = { .layers = layers, .layer_count = count, .read_only_root = true, .working_dir = (char[]){ "/" } };
	const struct sources sources = { .app_userns = -1, .shift_userns = shift };
	struct child child = { .container = &container, .is_rootless = places->rootless, .scaffold = -1, .root = -1, .channel = -1 };
	struct reader reader = { .out = fd, .first = -1, .open_root = open_layers_root, .child = &child, .map = map };
	int64_t shortened = 0;
	int result = take_layers(&sources, &container, &child, e) || run(&reader, &shortened, e) ? -1 : 0;

	for (size_t i = 0; i < child.given.count; i++)
		close(child.given.fds[i]);
	free(child.given.fds);
	return result;
}

int box_export_layers(const struct places *places, const struct layer *layers, size_t count, int fd, struct error *e)
{
	struct id_map map;

	/* The layers carry the store's ids (root), or the caller's own. */
	if (places->rootless)
		id_map_for_caller(&map);
	else
		idmap_for_base(ID_POOL_BASE, &map);
	return export_layers(places, (struct layer *)(uintptr_t)layers, count, &map, -1, fd, e); /* only read */
}

/* The ids that the app has; those of the store are shifted to them. -1 where nothing has to be, or with e set. */
static int map_app(const struct places *places, const struct container *container, int definition, struct id_map *ret, struct error *e)
{
	int64_t base = container_has_namespace(container, NAMESPACE_USER) ? apps_id_base(definition) : 0;
	const struct id_extent store = { ID_POOL_BASE, base < 0 ? ID_POOL_BASE : (uint32_t)base, ID_RANGE };
	const struct id_map shift = { .uids = { store }, .gids = { store }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };

	if (places->rootless) {
		id_map_for_caller(ret);
		return -1;
	}
	idmap_for_base(store.outside, ret);
	return store.outside == ID_POOL_BASE ? -1 : idmap_namespace(&shift, e);
}

int box_export_app(const struct places *places, const struct container *container, int fd, struct error *e)
{
	autofree struct layer *layers = alloc_zeroed(container->layer_count + 1, sizeof *layers);
	autofree char *upper = text_format("%s/containers/%s/upper", places->store, container->name);
	autoclose int definition = apps_open(places, container->name, NULL, e);
	autoclose int shift = -1;
	size_t count = container->layer_count;
	struct id_map map;

	if (definition < 0)
		return -1;
	shift = map_app(places, container, definition, &map, e);
	if (e->kind != ERROR_NONE)
		return -1;
	/* Borrowed. What the app wrote is owned by its own ids: nothing is shifted. */
	memcpy(layers, container->layers, count * sizeof *layers);
	if (!container->read_only_root && access(upper, F_OK) == 0)
		layers[count++] = (struct layer){ .path = upper, .mount = -1, .ids = LAYER_IDS_CONTAINER };
	return export_layers(places, layers, count, &map, shift, fd, e);
}
