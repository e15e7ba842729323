/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_work.c - a piece of box's own code in a root made of layers.
 *
 *   box                                   worker (inside.h)
 *   state folder, writable layer
 *   layers as mounts (root only)
 *   clone, id map                   -->   root of a user namespace, a mount namespace of its own
 *                                         mounts the root as a start does (root_steps.c), and makes it its "/"
 *                                         gives up all capabilities but those about files
 *                                         works
 *   takes the writable layer        <--   how it went
 *   removes everything
 *
 * The ids are the store's own, as root: what comes about has the ids that layers on disk have, and no range is leased.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mountapi.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/child/inside.h"
#include "runtime/child/sources.h"
#include "runtime/child/steps.h"
#include "runtime/layer_memory.h"
#include "runtime/new_layer.h"
#include "runtime/state/idmap.h"
#include "runtime/state/state.h"
#include "runtime/storage/writable.h"
#include "specs/container.h"

struct layer_process {
	const struct places *places;
	struct layer_work work; /* its name is owned */
	struct container container;
	struct child child;
	struct state state; /* name NULL: there is none */
	struct id_map map;
	char *folder;       /* that of the writable layer */
	int writable;
	bool is_in_memory;
	struct inside_process process;
	int root;           /* in the worker */
};

/* In the worker, with all powers of its user namespace. */
static int enter_root(void *data, struct error *e)
{
	struct layer_process *p = data;

	if (step_root(&p->child, e))
		return -1;
	if (fchdir(p->child.root) || chroot("."))
		return error_sys(e, "enter the root");
	p->root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->root < 0)
		return error_sys(e, "open the root");
	close(take_fd(&p->child.root));
	close(take_fd(&p->child.scaffold));
	return 0;
}

static int do_work(void *data, struct error *e)
{
	struct layer_process *p = data;

	return p->work.work(p->root, p->work.data, e);
}

static int give_mount(struct child *child, int mount)
{
	int *place;

	if (mount < 0)
		return -1;
	place = alloc_append(&child->given.fds, &child->given.count, sizeof *child->given.fds);
	*place = mount;
	return 0;
}

/* As root the mounts are made here; an ordinary user's worker may make them inside its namespace alone. */
static int give_layers(struct layer_process *p, struct error *e)
{
	const struct sources sources = { .app_userns = -1, .shift_userns = -1 };

	for (size_t i = 0; i < p->work.layer_count && !p->places->rootless; i++) {
		if (p->work.layers[i].ids != LAYER_IDS_STORE)
			return error_set(e, ERROR_UNSUPPORTED, "build on the folder %s: it is no image", p->work.layers[i].path);
		if (give_mount(&p->child, source_layer(&sources, &p->work.layers[i], e)))
			return -1;
	}
	if (p->writable >= 0 && !p->places->rootless)
		return give_mount(&p->child, mount_clone(p->writable, "", /* recursive= */ false, e));
	return 0;
}

static void move_to_memory(struct layer_process *p)
{
	struct error why = { 0 };
	int folder = layer_memory_make(p->folder, p->work.memory, &p->map, &why);

	if (folder < 0) {
		log_debug("the new layer lies on the disk: %s", why.text);
		return;
	}
	close(p->writable);
	p->writable = folder;
	p->is_in_memory = true;
}

static int make_writable(struct layer_process *p, struct error *e)
{
	autofree char *holder = text_format("%s/%s", p->places->state, p->work.name);

	if (state_make(p->places, p->work.name, &p->state, e))
		return -1;
	p->writable = writable_make(p->places->store, p->work.name, &p->map, e);
	if (p->writable < 0)
		return -1;
	p->folder = text_format("%s/containers/%s", p->places->store, p->work.name);
	p->child.writable = p->places->rootless ? p->folder : NULL;
	if (symlinkat(holder, p->writable, WRITABLE_HOLDER))
		return error_sys(e, "note the holder of the new layer");
	if (p->work.memory)
		move_to_memory(p);
	return 0;
}

static int start(struct layer_process *p, struct error *e)
{
	size_t count = 0, most = p->work.kept_count + p->child.given.count;
	autofree int **kept = alloc_zeroed(most + 1, sizeof *kept);
	const struct inside request = { .map = &p->map, .first = -1, .confine = -1, .prepare = enter_root, .kept = kept,
					.kept_count = most, .work = do_work, .data = p };

	for (size_t i = 0; i < p->work.kept_count; i++)
		kept[count++] = p->work.kept[i];
	for (size_t i = 0; i < p->child.given.count; i++)
		kept[count++] = &p->child.given.fds[i];
	return inside_start(&request, &p->process, e);
}

static void close_given(struct layer_process *p)
{
	for (size_t i = 0; i < p->child.given.count; i++)
		close(p->child.given.fds[i]);
	free(p->child.given.fds);
	p->child.given = (struct descriptors){ 0 };
}

/* Everything but the process, which has ended. */
static int undo(struct layer_process *p, struct error *e)
{
	int result = 0;

	close_given(p);
	if (p->writable >= 0) {
		close(p->writable);
		if (p->is_in_memory)
			layer_memory_end(p->folder);
		result = writable_remove(p->places->store, p->work.name, &p->map, e);
	}
	/* While something is left its folder stays: the next sweep finds by it what there is to remove. */
	if (p->state.folder >= 0 && result)
		state_release(&p->state);
	else if (p->state.folder >= 0)
		result = state_remove(p->places, &p->state, e);
	free(p->folder);
	free((void *)(uintptr_t)p->work.name);
	free(p);
	return result;
}

int layer_work_start(const struct places *places, const struct layer_work *work, struct layer_process **ret, struct error *e)
{
	struct layer_process *p = alloc_zeroed(1, sizeof *p);
	static char slash[] = "/"; /* a working folder that every image has */
	struct error ignored = { 0 };

	*p = (struct layer_process){ .places = places, .work = *work, .state = { .folder = -1, .lock = -1 }, .writable = -1, .root = -1 };
	p->work.name = alloc_copy(work->name);
	p->container = (struct container){ .layers = (struct layer *)(uintptr_t)work->layers, .layer_count = work->layer_count,
					   .read_only_root = !work->name, .working_dir = slash }; /* only read */
	p->child = (struct child){ .container = &p->container, .is_rootless = places->rootless, .scaffold = -1, .root = -1, .channel = -1 };
	if (places->rootless)
		id_map_for_caller(&p->map);
	else
		idmap_for_base(ID_POOL_BASE, &p->map);
	if ((work->name && make_writable(p, e)) || give_layers(p, e) || start(p, e)) {
		(void)undo(p, &ignored); /* e has the cause */
		return -1;
	}
	close_given(p);
	*ret = p;
	return 0;
}

static int take_upper(struct layer_process *p, new_layer_taker *take, void *data, struct error *e)
{
	autoclose int upper = take ? writable_open_upper(p->writable) : -1;

	if (!take)
		return 0;
	return upper < 0 ? error_sys(e, "open the new layer") : take(upper, &p->map, data, e);
}

int layer_work_finish(struct layer_process *p, new_layer_taker *take, void *data, struct error *e)
{
	int result = inside_finish(&p->process, e) || take_upper(p, take, data, e) ? -1 : 0;
	autofree char *name = alloc_copy(p->work.name);
	struct error later = { 0 };

	if (undo(p, &later))
		log_warning("clean up after %s: %s, continuing", name ? name : "the layers", later.text);
	return result;
}
