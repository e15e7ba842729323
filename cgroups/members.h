/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - the processes in a group. Private to cgroups/; cgroup.h has the functions for others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct branch;
struct cgroup;
struct error;

/* The branch whose list counts: the one that is frozen, so that nobody on it moves; NULL for a group without branches. */
const struct branch *members_branch(const struct cgroup *group);

/* The pids in one branch and below it, sorted; the caller frees them. A branch that is gone has none. */
int members_list(const struct branch *branch, int **ret_pids, size_t *ret_count, struct error *e);

/* Whether pid is among the pids, which are sorted as members_list sorts them. */
bool members_have(const int *pids, size_t count, int pid);
