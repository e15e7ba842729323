/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_env.h - variables whose values are secrets.
 *
 * No file of box has the values. The first process gets them, and its environment is their one home: what enters the container later
 * finds them there. The record (state.h) has their names.
 */
#pragma once

#include <sys/types.h>

struct list;

/* Adds the names of "KEY=VALUE" texts. */
void secret_env_names(const struct list *variables, struct list *ret);

/* Adds what the process was started with under these names, "KEY=VALUE"; a warning where it cannot be read. What the process made of it
 * meanwhile is the container's own affair: whoever reads it enters the same container. */
void secret_env_find(pid_t pid, const struct list *names, struct list *ret);
