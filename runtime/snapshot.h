/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - a copy of a volume as a new one.
 */
#pragma once

#include <stdbool.h>

struct error;
struct places;

/* Makes the volume copy, which must not exist, of what is in name: both are volumes like any other. is_live: apps that have it go on
 * meanwhile; else those in the background are paused, and one that cannot be is an error. It is there whole, or not at all. */
int volume_snapshot(const struct places *places, const char *name, const char *copy, bool is_live, struct error *e);
