/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - how one figure is read out of a cgroup file. Private to cgroups/, for its tests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/cgroup.h"

/* The number in text: the whole file's without a key; else the one of the line "key N", or, is_sum, all of " key=N" and " key N" added.
 * LIMIT_NONE for "max" and v1's largest number, LIMIT_UNSET where there is none. */
int64_t stats_parse(const char *text, const char *key, bool is_sum);
