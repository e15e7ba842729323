/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_memory.h - a writable layer that lies in memory: STORE/containers/NAME with a tmpfs on it, which only this process sees.
 *
 * For layers that are small and short-lived: a disk takes longer to make and remove a thousand files than all else of a COPY.
 */
#pragma once

#include <stdint.h>

struct error;
struct id_map;

/* What writable_make made in the folder path is covered by a tmpfs of so many bytes with the same two folders; the caller has called
 * layer_memory_prepare (new_layer.h). Returns a descriptor of it. Where that is not possible everything is as before. */
int layer_memory_make(const char *path, int64_t bytes, const struct id_map *map, struct error *e);

/* Takes the tmpfs away again, with what is in it. */
void layer_memory_end(const char *path);
