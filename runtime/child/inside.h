/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.h - a piece of box's own code, run as the root of a user namespace: of one that is made for it, or of a container's.
 *
 * For files that belong to ids which the caller is not, or that lie where a container has a say: whatever the code is led to, it has the
 * power of that root over files and no other one. Nothing of the container is executed, and nothing in it sees the process: the
 * container's pid namespace is not joined, and it cannot be traced.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct id_map;
struct places;

struct inside {
	const struct id_map *map; /* of a new user namespace, or NULL: (in a build's chroot, base/isolation.h: none, and ids as they are) */
	int first;                /* pidfd of a container's first process, whose user and mount namespaces are joined; its root is "/" */
	int confine;              /* with map: the folder that becomes "/", or -1 */
	/* Or NULL: runs as the root of the user namespace, in a mount namespace of its own and with all of that root's powers; with first,
	 * before the container's mount namespace is joined. */
	int (*prepare)(void *data, struct error *e);
	bool can_mount;           /* work may mount, too */
	int *const *kept;         /* descriptors that work gets, as 3, 4 and so on: the variables are changed; all others are closed */
	size_t kept_count;
	int (*work)(void *data, struct error *e);
	void *data;
};

struct inside_process {
	pid_t pid;
	int pidfd, channel;
};

/* Starts it; work runs beside the caller. */
int inside_start(const struct inside *request, struct inside_process *ret, struct error *e);

/* Waits for its end: 0, or -1 with the error of work. */
int inside_finish(struct inside_process *process, struct error *e);

/* Both. */
int inside_run(const struct inside *request, struct error *e);

/* Removes name below folder with all that is in it: with the caller's own rights, and where these do not do for an ordinary user, because
 * ids of map own some of it, as the root of a user namespace with map. */
int inside_remove(int folder, const char *name, const struct id_map *map, struct error *e);

/* The first process of a running container, for inside.first; ERROR_MISSING where it does not run. *ret_root: its root folder (O_PATH)
 * where that may be another one than its mount namespace's, else -1: "/". */
int inside_open(const struct places *places, const char *name, int *ret_root, struct error *e);
