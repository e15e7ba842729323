/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_cache.h - what builds keep for the next ones, for box prune and box system df.
 */
#pragma once

#include <stddef.h>

struct error;
struct places;
struct prune_cached;

/* Results of steps, and cache mounts with their sizes; released with build_cache_list_release (images/build/build_cache.h). */
int prune_cache_list(const struct places *places, struct prune_cached **ret, size_t *ret_count, struct error *e);

/* For prune_options: data is the places. */
int prune_cache_drop(const struct prune_cached *item, void *data, struct error *e);
