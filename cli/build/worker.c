/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c - what a step of a build runs in a root made of layers.
 */
#include "cli/build/worker.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id_map.h"
#include "base/isolation.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/build/roots.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/build/root_changes.h"
#include "images/commit_request.h"
#include "images/image.h"
#include "runtime/box.h"
#include "runtime/child/inside.h"
#include "runtime/chroot_places.h"
#include "runtime/chroot_run.h"
#include "specs/container.h"

struct build_worker {
	struct build_worker_wish wish;
	struct layer_process *layer; /* NULL: in a chroot */
	struct build_root root;
	struct root_changes how;
	struct root_state *before;   /* NULL: the root is only read */
	struct inside_process process;
};

int build_worker_export(struct build_work *work, const struct list *diff_ids, int fd, struct error *e)
{
	const struct places *places = work->call->places;
	struct layer *layers;
	size_t count;
	int result;

	if (isolation_is_chroot())
		return build_root_write(work, diff_ids, fd, e);
	if (image_open_layers(places, diff_ids, &layers, &count, e))
		return -1;
	result = box_export_layers(places, layers, count, fd, e);
	image_close_layers(layers, count);
	return result;
}

/* In the new process, whose root it is. */
static int work_inside(void *data, struct error *e)
{
	const struct layer_work *request = data;
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? error_sys(e, "open the root") : request->work(root, request->data, e);
}

static int open_root(struct build_worker *worker, bool is_changed, struct error *e)
{
	const struct build_worker_wish *wish = &worker->wish;

	if ((is_changed ? build_root_open_to_change : build_root_open)(wish->work, wish->root, wish->diff_ids, &worker->root, e))
		return -1;
	worker->how = (struct root_changes){ .root = worker->root.folder, .epoch = wish->epoch,
					     .id_base = isolation_has_no_sandbox() ? 0 : ID_POOL_BASE };
	return 0;
}

static int start_in_chroot(struct build_worker *worker, struct error *e)
{
	struct layer_work *request = &worker->wish.request;
	const struct inside inside = { .map = &id_map_as_is, .first = -1, .confine = worker->root.folder, .kept = request->kept,
				       .kept_count = request->kept_count, .work = work_inside, .data = request };

	if (request->name && root_state_read(&worker->how, &worker->before, e))
		return -1;
	return inside_start(&inside, &worker->process, e);
}

static void release(struct build_worker *worker)
{
	root_state_free(worker->before);
	build_root_close(&worker->root);
	free(worker);
}

static int start_on_layers(struct build_worker *worker, struct error *e)
{
	const struct build_worker_wish *wish = &worker->wish;
	struct layer_work request = wish->request;
	struct layer *layers;
	int result;

	if (image_open_layers(wish->work->call->places, wish->diff_ids, &layers, &request.layer_count, e))
		return -1;
	request.layers = layers;
	result = layer_work_start(wish->work->call->places, &request, &worker->layer, e);
	image_close_layers(layers, request.layer_count);
	return result;
}

int build_worker_start(const struct build_worker_wish *wish, struct build_worker **ret, struct error *e)
{
	struct build_worker *worker = alloc_zeroed(1, sizeof *worker);

	*worker = (struct build_worker){ .wish = *wish, .root = { .folder = -1, .lock = -1 } };
	if (!isolation_is_chroot() ? start_on_layers(worker, e) == 0
				   : open_root(worker, wish->request.name != NULL, e) == 0 && start_in_chroot(worker, e) == 0) {
		*ret = worker;
		return 0;
	}
	release(worker);
	return -1;
}

/* A new folder beside the root, on its file system; *ret_name is to be freed. */
static int make_beside(const struct build_worker *worker, const char *what, char **ret_name, struct error *e)
{
	const int roots = worker->wish.work->roots;
	int folder;

	*ret_name = text_format("%s.%s", worker->root.key, what);
	folder = mkdirat(roots, *ret_name, 0700) ? -1 : openat(roots, *ret_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return folder >= 0 ? folder : error_sys(e, "make the folder %s beside a step's root", *ret_name);
}

/* What changed goes to take, in a folder of its own. */
static int take_changes(struct build_worker *worker, struct error *e)
{
	const struct build_worker_wish *wish = &worker->wish;
	struct build_work *work = wish->work;
	autofree char *name = NULL;
	struct error later = { 0 };
	autoclose int folder = make_beside(worker, "changes", &name, e);
	int result;

	if (folder < 0)
		return -1;
	result = root_changes_find(&worker->how, worker->before, folder, e) || wish->take(folder, &id_map_as_is, wish->data, e) ? -1 : 0;
	if (folder_remove(work->roots, name, &later))
		log_warning("%s, continuing", later.text);
	return result ? -1 : build_root_note(work, &worker->root, wish->diff_ids, wish->made->diff_id, e);
}

int build_worker_finish(struct build_worker *worker, struct error *e)
{
	const struct build_worker_wish *wish = &worker->wish;
	int result = worker->layer ? layer_work_finish(worker->layer, wish->take, wish->data, e) : inside_finish(&worker->process, e);

	if (result == 0 && !worker->layer && wish->take)
		result = take_changes(worker, e);
	release(worker);
	return result;
}

/* A way out of a chroot, and what only sense with mounts has. Setuid programs gain nothing: a filter without that promise takes more power
 * than there is. */
static void weaken(struct container *container)
{
	const uint64_t lost = UINT64_C(1) << CAP_SYS_CHROOT;

	container->capabilities.bounding &= ~lost;
	container->capabilities.effective &= ~lost;
	container->capabilities.permitted &= ~lost;
	container->no_new_privileges = true;
}

/* The program, between what is put into its root and taken out again. */
static int run_placed(struct build_worker *worker, struct container *container, struct chroot_places *places, int *ret_status,
		      struct error *e)
{
	worker->how.own = chroot_places_names(places, &worker->how.own_count);
	weaken(container);
	if (root_state_read(&worker->how, &worker->before, e) ||
	    chroot_run(worker->wish.work->call->places, container, worker->root.folder, ret_status, e))
		return -1;
	return *ret_status ? 0 : take_changes(worker, e);
}

/* What a chroot cannot give is refused where it was asked for. */
static int refuse_limits(const struct build_options *options, struct error *e)
{
	for (size_t i = 0; i < options->fields.count; i++) {
		const char *item = options->fields.items[i];

		if (text_starts(item, "ulimit="))
			continue;
		error_set(e, ERROR_UNSUPPORTED, "option --%.*s: a step in a chroot has no cgroup and no mounts of its own",
			  (int)strcspn(item, "="), item);
		return error_hint(e, "leave it out; limit the container that this runs in");
	}
	return 0;
}

static int run_in_chroot(struct build_worker *worker, struct container *container, int *ret_status, struct error *e)
{
	struct build_work *work = worker->wish.work;
	autofree char *name = NULL;
	struct chroot_places *places = NULL;
	struct error later = { 0 };
	autoclose int aside = make_beside(worker, "aside", &name, e);
	int result;

	if (aside < 0)
		return -1;
	result = chroot_places_make(container, worker->root.folder, aside, &places, e) == 0
			 ? run_placed(worker, container, places, ret_status, e) : -1;
	if (chroot_places_undo(places, &later) || folder_remove(work->roots, name, &later)) {
		if (result == 0)
			*e = later;
		return -1;
	}
	return result;
}

int build_worker_run(const struct build_worker_wish *wish, struct container *container, int *ret_status, struct list *epilogue,
		     struct error *e)
{
	const struct places *places = wish->work->call->places;
	struct build_worker *worker;
	int result;

	if (!isolation_is_chroot()) {
		if (image_open_layers(places, wish->diff_ids, &container->layers, &container->layer_count, e))
			return -1;
		return new_layer_run(places, container, wish->take, wish->data, ret_status, epilogue, e);
	}
	worker = alloc_zeroed(1, sizeof *worker);
	*worker = (struct build_worker){ .wish = *wish, .root = { .folder = -1, .lock = -1 } };
	result = refuse_limits(wish->work->options, e) || open_root(worker, /* is_changed= */ true, e) ||
		 run_in_chroot(worker, container, ret_status, e) ? -1 : 0;
	release(worker);
	return result;
}
