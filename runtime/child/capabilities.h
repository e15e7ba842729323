/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capabilities.h - what the container's processes may do beyond their user id.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct capability_sets;
struct error;

/* Drops every capability outside keep from the bounding set, up to the last one that this kernel has. For good. */
int capabilities_bound(uint64_t keep, struct error *e);

/* Permitted, effective, inheritable and ambient become those of wanted, without what this kernel does not know; the bounding set stays.
 * Reads back what it did. */
int capabilities_set(const struct capability_sets *wanted, struct error *e);

/* For a process that stays in box's own user namespace: takes out what box itself lacks, with a warning each (config.md: what the
 * host cannot grant is no error). */
void capabilities_lower(struct capability_sets *sets);

/* Those that this process has. */
uint64_t capabilities_own(void);

/* The highest capability number of this kernel. */
int capabilities_last(void);
