/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ids.h - whose ids the files of the store carry on disk.
 *
 * As root: the store's own range, of which no user of the host and no app has one. As an ordinary user: the caller for 0 and the caller's
 * first subordinate range (subuid(5)) for the rest, as runtime/ maps its containers; without such a range, the caller alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct store_range {
	uint32_t inside, outside, count;
};

struct store_ids {
	struct store_range uids[2], gids[2];
	int ranges;        /* of each: 1 or 2 */
	bool needs_helper; /* newuidmap(1) has to write them */
	bool is_single;    /* id 0 and nothing else */
};

/* The caller's. */
int store_ids_find(struct store_ids *ret, struct error *e);

/* The first range of the file's text (subuid's format) for name or number; count 0 without one. For store_ids_find and its tests. */
void store_ids_parse(const char *text, const char *name, const char *number, struct store_range *ret);

/* How many ids exist from 0 on; at most the 65,536 of an app, so that an image that one user can unpack is good for all. */
uint32_t store_ids_count(const struct store_range *ranges, int count);

/* Writes them for a process that was just cloned into a new user namespace. */
int store_ids_write(pid_t pid, const struct store_ids *ids, struct error *e);
