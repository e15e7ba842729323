/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_state.h - whether the file systems that an app writes to are full.
 */
#pragma once

struct list;
struct places;

/* Adds a phrase for each part of the app that lies on a file system without a free block or inode: "its writable layer: no free byte on
 * /var/lib/box/containers". Parts on one file system are one phrase. */
void disk_state_full(const struct places *places, const char *name, struct list *ret);
