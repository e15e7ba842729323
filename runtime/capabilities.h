/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capabilities.h - what the container's processes may do beyond their user id.
 *
 * Inheritable and ambient sets are always empty (CVE-2022-24769: a file with inheritable capabilities must gain nothing).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct error;

/* Drops every capability outside keep from the bounding set, up to the last one that this kernel has. For good. */
int capabilities_bound(uint64_t keep, struct error *e);

/* Permitted and effective become mask, inheritable and ambient empty. For a uid other than 0 permitted and effective become empty
 * as well, as Docker does and as the kernel would do at execve(2): a service that runs as an ordinary user has no
 * capabilities; the mask stays its bounding set. Reads back what it did. */
int capabilities_set(uint64_t mask, struct error *e);

/* The highest capability number of this kernel. */
int capabilities_last(void);
