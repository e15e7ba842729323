/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chroot_places.h - what a container's mounts and files are where nobody may mount: put into its root, and taken out again.
 *
 * What the image has under such a name waits beside the root meanwhile. Folders that are mounted elsewhere are moved here, so they must lie
 * on the root's file system, and nobody else may use them.
 */
#pragma once

#include <stddef.h>

struct chroot_places;
struct container;
struct error;
struct own_name;

/* Puts everything into root; aside is a folder of the same file system for what makes room. *ret is to be undone also after a failure. */
int chroot_places_make(const struct container *container, int root, int aside, struct chroot_places **ret, struct error *e);

/* The names in the root that are box's own now. Borrowed until chroot_places_undo. */
const struct own_name *chroot_places_names(struct chroot_places *places, size_t *ret_count);

/* Takes everything out again, whatever became of it, and frees places. */
int chroot_places_undo(struct chroot_places *places, struct error *e);
