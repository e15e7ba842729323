/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespace_pids.h - the processes of a pid namespace, where no cgroup tells which belong to a container.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;

/* Pids, as the caller has them, of all processes in the pid namespace of pid; none where that is the caller's own. Those of namespaces
 * within it, and those that the caller may not look at, are left out. The caller frees *ret_pids. */
int namespace_pids(pid_t pid, int **ret_pids, size_t *ret_count, struct error *e);
