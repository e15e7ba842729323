/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writable.h - the writable layer of one container: STORE/containers/NAME/{upper,work}.
 */
#pragma once

#include <stdint.h>

struct error;
struct id_map;

/* Makes the folders, empty, owned by the container's root. Returns a descriptor of the folder that holds both; on failure, and where a
 * layer of that name exists (e->sys EEXIST), everything is as before. */
int writable_make(const char *store, const char *name, const struct id_map *map, struct error *e);

/* The same where holder, a path, has such a layer already: what the app wrote is still there. -1 without an error: there is none. */
int writable_open(const char *store, const char *name, const char *holder, const struct id_map *map, struct error *e);

/* The two folders in an empty folder that takes the place of such a layer's: 0 or -1. */
int writable_fill(int folder, const struct id_map *map, struct error *e);

/* What overlayfs writes to, in the open folder of the layer; -1 and errno. */
int writable_open_upper(int folder);

/* Limits the space of a new layer to so many bytes, by a project of the ids that the app has leased from base on (disk_quota.h). */
int writable_limit(int folder, uint32_t base, int64_t bytes, struct error *e);

/* Whether the limit that a layer was made with is still held. */
int writable_check_limit(int folder, struct error *e);

/* What the layer uses and may use, in bytes; *ret_limit 0: it has no limit, or there is no layer. */
void writable_usage(const char *store, const char *name, int64_t *ret_used, int64_t *ret_limit);

/* Removes them with what the app wrote. An ordinary user's subordinate ids own some of it: that is removed from inside a user
 * namespace with this map. Missing is fine. */
/* Removes every layer whose holder, a state folder, is gone: what a reboot left. The holder is written by the caller of writable_make as
 * the link WRITABLE_HOLDER in it. Goes on after a failure; the first one is in e. */
#define WRITABLE_HOLDER "holder"
int writable_sweep(const char *store, const struct id_map *map, struct error *e);

/* Gives a layer that a stopped app has another name, and its holder, whose path ends with the same, the same. Done already, or no layer, is
 * fine; a new name that another one has is an error. store: the open folder. */
int writable_rename(int store, const char *old, const char *new, struct error *e);

int writable_remove(const char *store, const char *name, const struct id_map *map, struct error *e);
