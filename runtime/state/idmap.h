/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - which host ids stand behind the ids of a container, and user namespaces that say so.
 *
 * As root every app has 65,536 ids of its own from box's pool, leased by name in the store. As an ordinary user the
 * caller is 0 and the caller's subordinate ids (subuid(5)) follow; without those only 0 exists.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/id_map.h"

struct error;

enum { ID_POOL_RANGES = 4094 }; /* range 0 is the image store's own */

/* The map of an app that leased base. */
void idmap_for_base(uint32_t base, struct id_map *ret);

/* One id to one id: for bind mounts that keep their folder's owner. */
void idmap_for_owner(uid_t uid_on_disk, uid_t uid_seen, gid_t gid_on_disk, gid_t gid_seen, struct id_map *ret);

/* A descriptor of a user namespace that exists only to id-map mounts (mount_setattr(2)). */
int idmap_namespace(const struct id_map *map, struct error *e);

/* Leases a range in the store's folder "ids" for holder, an app's state folder; *ret_base is its first host id. */
int idmap_lease(int store, const char *holder, uint32_t *ret_base, struct error *e);
/* Whether holder has the range that begins with base. */
bool idmap_is_leased(int store, uint32_t base, const char *holder);
/* Gives the range that begins with base to the holder whose path ends with another name, where that of its holder ends with old. */
int idmap_pass_on(int store, uint32_t base, const char *old, const char *new, struct error *e);
/* Gives back every lease whose holder, a path, is gone: what a reboot left. */
int idmap_sweep(int store, struct error *e);
/* Gives back what holder leased; base 0: not known, every lease is looked at. Nothing leased is fine. */
void idmap_return(int store, uint32_t base, const char *holder);
