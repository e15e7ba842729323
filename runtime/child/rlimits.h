/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rlimits.h - resource limits of the container's first process.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;
struct rlimit_entry;

/* Sets them from outside by prlimit(2), because a process inside a user namespace may not raise its own. A hard limit above the
 * caller's own needs CAP_SYS_RESOURCE; without it the error names the highest value that is possible. */
int rlimits_apply(pid_t pid, const struct rlimit_entry *entries, size_t count, struct error *e);

/* Gives one process the limits of another, as far as the caller may: who starts apps (a service manager) may have higher hard limits than a
 * session in which somebody enters one. */
int rlimits_copy(pid_t from, pid_t to, struct error *e);
