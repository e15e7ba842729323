/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_cache.h - what steps of builds made before: STORE/build/cache/HASH-N, one file for each.
 *
 * A file holds the whole key, which is compared byte by byte, and the layer. The key says everything that the layer depends on: the
 * layers below by their digests, the step in one fixed form, the content of its inputs. So nothing of an image or of a name leads to a
 * hit, and two keys of one hash get two files. A layer that is not in the store any more is no hit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct commit_layer;
struct error;

struct prune_cached;
struct text;

/* A text of its own for any key; false where there is none. */
bool build_cache_find_text(int store, const char *key, struct text *ret);
int build_cache_put_text(int store, const char *key, const char *value, struct error *e);

/* Whether the layer of that key is there: ret (no members: the step changed nothing). */
bool build_cache_find(int store, const char *key, struct commit_layer *ret);

/* All of them, the files of content_digests.h, and what killed builds had fetched, which prune treats alike; released with
 * build_cache_list_release. */
void build_cache_list(int store, struct prune_cached **ret, size_t *ret_count);
void build_cache_list_release(struct prune_cached *items, size_t count);

/* Keeps it, in place of an older one. */
int build_cache_put(int store, const char *key, const struct commit_layer *layer, struct error *e);
