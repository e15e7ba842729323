/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_run.h - a program in a chroot, inside somebody else's container that refuses namespaces (base/isolation.h).
 *
 * What is left of isolation: the root folder, fewer capabilities, no new privileges, box's filter of system calls, and no sockets where it
 * has no network. Processes, ids, host name and limits are those of the container around.
 */
#pragma once

struct container;
struct error;
struct places;

/* Runs the container's program in root, where its mounts and files are already (chroot_places.h), in the foreground, and ends whatever it
 * left running. *ret_status as box_run. The calling process' current folder becomes root. */
int chroot_run(const struct places *places, const struct container *container, int root, int *ret_status, struct error *e);
