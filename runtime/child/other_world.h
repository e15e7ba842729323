/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_world.h - a container whose programs see another time of day, and names in another order: for a build that is made a second time.
 *
 * The kernel has no namespace of these. A tracer follows every process of the container, a seccomp filter stops it where it asks the
 * kernel, and the answer is changed. Times of files are the host's. What runs so cannot be traced by anybody else. For x86-64 alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct other_world; /* specs/container.h */

/* Whether that is possible here. */
bool other_world_works(void);

/* Before pid, a new process that still waits, executes anything: a process of its own follows it and all that come of it, until the last
 * one has ended. */
int other_world_start(pid_t pid, const struct other_world *world, struct error *e);

/* In the first process, once it is followed, and may still load filters. */
int other_world_filter(const struct other_world *world, struct error *e);

/* Whether there is anything other. */
bool other_world_is_other(const struct other_world *world);
