/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_layer.h - layers in the making: what a program, or a piece of box's own code, writes on top of other layers.
 *
 * Each has a name, a state folder and a writable layer, as a running app has: what a killed box leaves is found by the next sweep. Whoever
 * wants the writable layer takes it before it is removed: his function gets the folder that overlayfs wrote to, which nobody uses any
 * more, and the map that says whose ids its files carry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct container;
struct error;
struct id_map;
struct layer;
struct list;
struct places;

typedef int new_layer_taker(int upper, const struct id_map *map, void *data, struct error *e);

/* Runs the container in the foreground, its output going to this process' stdout and stderr; a signal that asks for an end kills it. Where
 * it ends with code 0, take is called. *ret_status and epilogue as box_run has them. */
int new_layer_run(const struct places *places, const struct container *container, new_layer_taker *take, void *data, int *ret_status,
		  struct list *epilogue, struct error *e);

/* A piece of box's own code in a root made of layers, with the power over files of that root's ids and no other one: it can leave neither
 * the root nor its ids, and nothing of the image is executed. */
struct layer_work {
	const struct layer *layers; /* of the store; lowest first */
	size_t layer_count;
	const char *name;           /* of the new layer on top; NULL: the root is only read */
	int64_t memory;             /* the new layer may lie in memory, with room for so many bytes; 0: on disk */
	int *const *kept;           /* descriptors that work gets: the variables are changed; all others are closed */
	size_t kept_count;
	int (*work)(int root, void *data, struct error *e); /* in the new process */
	void *data;
};

/* Layers of this process may lie in memory from now on: it gets a mount namespace of its own. Before anything that is mounted is opened; an
 * ordinary user may not, and has them on disk. */
bool layer_memory_prepare(void);

struct layer_process;

/* Starts it; work runs beside the caller, and dies with it. */
int layer_work_start(const struct places *places, const struct layer_work *work, struct layer_process **ret, struct error *e);

/* Waits for its end; where it went well, take (NULL for a root that was only read) is called. Removes everything, and frees process. */
int layer_work_finish(struct layer_process *process, new_layer_taker *take, void *data, struct error *e);
