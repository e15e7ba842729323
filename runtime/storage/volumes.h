/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volumes.h - named volumes: STORE/volumes/NAME/{lock,_data}.
 *
 * A volume keeps container ids on disk (sources.c). It is in use while somebody holds its lock; whoever removes one holds the lock
 * exclusively, and takes its name away first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct id_map;
struct places;
struct text;

struct volume {
	char *name;
	char *path;       /* of its content */
	int64_t created;  /* seconds since 1970; 0: unknown */
	bool is_used;     /* by a container that runs, by a command, or by an app in the background, whether it runs or not */
};

/* All of them, by name. */
int volumes_list(const struct places *places, struct volume **ret, size_t *ret_count, struct error *e);
void volumes_free(struct volume *volumes, size_t count);

/* Makes an empty one; one that exists stays as it is. */
int volume_create(const struct places *places, const char *name, struct error *e);

/* Removes one with all that is in it; one in use is ERROR_EXISTS. */
int volume_remove(const struct places *places, const char *name, struct error *e);

/* Adds one JSON object about it. */
int volume_inspect(const struct places *places, const char *name, struct text *ret, struct error *e);

/* Bytes on disk of its content; what lies very deep is not counted. */
int volume_size(const struct places *places, const char *name, int64_t *ret, struct error *e);

/* For snapshot.c. A name that a volume can have; the folder of all volumes and the content of one; whether somebody who runs has it; the
 * ids in it. */
int volume_check_name(const char *name, struct error *e);
int volume_content(const struct places *places, const char *name, int *ret_top, int *ret_content, struct error *e);
bool volume_is_locked(const struct places *places, const char *name);
void volume_find_map(struct id_map *ret);

enum { VOLUME_FD = 3 };

/* Runs work as the root of the volume's ids, with its content as "/" and fd as descriptor VOLUME_FD. is_writer: the volume is to be
 * changed, so nobody may use it meanwhile. */
int volume_work(const struct places *places, const char *name, bool is_writer, int fd, int (*work)(void *data, struct error *e), void *data,
		struct error *e);
