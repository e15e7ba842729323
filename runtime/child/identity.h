/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - becoming the container's user.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct identity; /* runtime/child/users.h */

/* Sets groups, gid and uid for good, and reads them back. Permitted and effective capabilities within the given set survive the change of
 * the uid, so that capabilities_set() can follow. can_setgroups false: a map of a single id, where the kernel
 * refuses setgroups(2); the caller's supplementary groups then stay, unmapped. */
int identity_take(const struct identity *identity, uint64_t capabilities, bool can_setgroups, struct error *e);
