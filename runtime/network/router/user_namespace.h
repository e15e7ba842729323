/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_namespace.h - the user namespace that a network's process lives in, and that owns its network namespace.
 *
 * In it the process has every capability, and outside none: neither over the host's network nor over a member's.
 */
#pragma once

struct error;

/* Enters one. An ordinary user becomes root there. Root becomes a user that nobody else is, and keeps user 0 for its files alone. Where a host
 * lets root make none the process stays where it is. */
int user_namespace_enter(struct error *e);
