/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ids.h - whose ids the files of the store carry on disk.
 *
 * As root: the store's own range, of which no user of the host and no app has one. As an ordinary user: the caller's map, as runtime/
 * maps its containers.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/id_map.h"

struct error;

/* The caller's. */
void store_ids_find(struct id_map *ret);

/* How many ids exist from 0 on; at most the 65,536 of an app, so that an image that one user can unpack is good for all. */
uint32_t store_ids_count(const struct id_extent *extents, int count);

/* Writes them for a process that was just cloned into a new user namespace. */
int store_ids_write(pid_t pid, const struct id_map *ids, struct error *e);
