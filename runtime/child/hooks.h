/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - the programs that an engine wants to have run at points of a container's life (config.md, "POSIX-platform Hooks").
 */
#pragma once

#include "specs/container.h"

struct error;
struct oci_state;

/* Runs every hook of one point, in order, in the caller's namespaces, each with the state on its stdin and nothing but its own
 * environment. The first that fails, or does not end in time, ends the list and is the error. */
int hooks_run(const struct container *container, enum hook_point point, const struct oci_state *state, struct error *e);

/* Likewise; in each new process prepare is called with data before the hook's program takes over. */
int hooks_run_prepared(const struct container *container, enum hook_point point, const struct oci_state *state,
		       int (*prepare)(void *data, struct error *e), void *data, struct error *e);

/* The same for points whose failure is told and changes nothing: all of them are run. */
void hooks_run_all(const struct container *container, enum hook_point point, const struct oci_state *state);

bool hooks_has(const struct container *container, enum hook_point point);
