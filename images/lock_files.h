/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_files.h - which app.lock.json files on this host need images of the store.
 *
 *     locks/HASH-N   holds the path of a lock file that an app was run with
 *
 * What is removed is asked at the files themselves, whatever they look like by then: every digest in them counts.
 */
#pragma once

struct error;
struct list;
struct places;

/* Remembers a lock file that is there. */
void lock_files_register(const struct places *places, const char *lock);

/* The digests in all files that were remembered and are still there; those that are gone are forgotten. */
int lock_files_digests(int store, struct list *ret, struct error *e);
