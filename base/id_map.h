/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_map.h - which host ids stand behind the ids of a user namespace (user_namespaces(7)).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct id_extent {
	uint32_t inside, outside, count;
};

/*
 * Root's containers have ranges of one pool: above systemd's container range, below the ids it calls foreign. The first range is the image
 * store's own: whose ids the files of its layers carry.
 */
enum {
	ID_POOL_BASE = 0x70000000,
	ID_RANGE = 65536, /* ids of one container; images have no others */
};

/* The kernel takes no more lines (user_namespaces(7)). */
enum { ID_EXTENTS = 340 };

struct id_map {
	struct id_extent uids[ID_EXTENTS], gids[ID_EXTENTS];
	int uid_count, gid_count;
	bool can_setgroups;
};

/* Every id that an image has stands for itself. */
extern const struct id_map id_map_as_is;

/* The map of the calling ordinary user: the caller is 0, and the first range of its subordinate ids (subuid(5)) follows where it has one
 * of users and one of groups, and newuidmap(1) and newgidmap(1) are there. Without them, which is an ordinary case, only 0 exists. */
void id_map_for_caller(struct id_map *ret);

/* For work on files as they are on disk: root sees every id as it is, an ordinary user those of id_map_for_caller. */
void id_map_for_files(bool is_rootless, struct id_map *ret);

/* The first good range of the text of /etc/subuid or /etc/subgid for name or number, inside from 1 on; count 0 without one. For
 * id_map_for_caller and its tests. */
void id_map_parse(const char *text, const char *name, const char *number, struct id_extent *ret);

/* The name that the text of /etc/passwd has for number, or number itself; to be freed. For id_map_for_caller and its tests. */
char *id_map_name(const char *passwd, const char *number);

/* Host id behind an id inside; -1 where the map does not hold it. */
int64_t id_map_uid(const struct id_map *map, uid_t uid);
int64_t id_map_gid(const struct id_map *map, gid_t gid);

/* Writes the map of a process that was just cloned into a new user namespace: directly as root, else by newuidmap(1) and
 * newgidmap(1). */
int id_map_write(pid_t pid, const struct id_map *map, struct error *e);
