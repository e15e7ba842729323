/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - what a step of a build runs in a root made of layers: a piece of box's own code, or a container's program.
 *
 * As runtime/new_layer.h has it; or, where nobody may mount (base/isolation.h), in a folder that holds all files of these layers
 * (roots.h). Then whoever takes the new layer gets a folder with its changes (images/build/root_changes.h).
 */
#pragma once

#include <stdint.h>

#include "runtime/new_layer.h"

struct build_work;
struct build_worker;
struct commit_layer;
struct container;
struct error;
struct list;

struct build_worker_wish {
	struct build_work *work;
	const char *root;            /* what roots.h calls it, or NULL: an image's */
	const struct list *diff_ids; /* its layers */
	int64_t epoch;               /* of the stage that gets a new layer */
	struct layer_work request;   /* but for its layers; without a name the root is only read */
	/* Where the root is changed: gets what changed, with data, and fills made. */
	new_layer_taker *take;
	void *data;
	const struct commit_layer *made;
};

/* All files that these layers show, as a tar. */
int build_worker_export(struct build_work *work, const struct list *diff_ids, int fd, struct error *e);

/* request.work in the new process, beside the caller. */
int build_worker_start(const struct build_worker_wish *wish, struct build_worker **ret, struct error *e);

/* Waits for its end, and frees it. */
int build_worker_finish(struct build_worker *worker, struct error *e);

/* The container's program, in place of request; its layers and some of its powers are changed. take is called where it ends with code 0. */
int build_worker_run(const struct build_worker_wish *wish, struct container *container, int *ret_status, struct list *epilogue,
		     struct error *e);
