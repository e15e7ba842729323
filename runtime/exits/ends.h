/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends.h - how runs in the foreground ended: STORE/ends/NAME, a line of JSON each, the last one last.
 *
 * NAME is the container's without the six hex digits that box gives runs of one file, so that the runs of an app lie together. Nothing is
 * synced to disk, and nothing waits: what a crash of the host takes is the answer to a question. The last EXITS_KEPT of a name are kept, of
 * ENDS_NAMES names.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct exit_record;
struct list;
struct places;

enum { ENDS_NAMES = 200 };

/* Adds a record; its number, which counts the runs that lie together, is set. On a full disk older ones make room, where there are some. */
int ends_add(const struct places *places, struct exit_record *record, struct error *e);

/* How the container of this name ended, or, where name is an app's, its run of this number; number 0: the last one. The numbers of those
 * that are kept are added to ret_numbers. ERROR_MISSING where nothing is known of that name: e is empty then but for the kind. */
int ends_read(const struct places *places, const char *name, int64_t number, struct exit_record *ret, struct list *ret_numbers,
	      struct error *e);

/* Removes the names whose last end was before this moment (seconds since 1970), and returns how many they are. dry_run: counts alone. */
int ends_prune(const struct places *places, int64_t before, bool dry_run);
