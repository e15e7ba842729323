/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.h - which namespaces a container makes, and which it joins.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/container.h"

struct error;

struct namespaces {
	uint64_t fresh;              /* CLONE_NEW* for the clone of the first process; the cgroup namespace comes later, by the child */
	int joined[NAMESPACE_COUNT]; /* descriptors, or -1 */
	bool has_offsets;            /* a new time namespace, which has to be made and set before that clone */
	bool needs_middle;           /* something of this has to be done by another process than box */
};

/* Opens what is joined; each is checked to be of its kind. */
int namespaces_open(const struct container *container, struct namespaces *ret, struct error *e);
void namespaces_release(struct namespaces *namespaces);

/* For the process that clones the container's first one: joins, and makes the time namespace of its children. */
int namespaces_enter(const struct namespaces *namespaces, const struct container *container, struct error *e);

/* CLONE_NEW* of a kind, and its name in /proc/PID/ns. */
int namespace_flag(enum namespace_kind kind);
const char *namespace_name(enum namespace_kind kind);

/* Whether the process is in the caller's own namespace of that kind (true too where the kernel has no such kind): 1, 0, or -1. */
int namespace_is_shared(enum namespace_kind kind, pid_t pid, struct error *e);
