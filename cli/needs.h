/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needs.h - what a host has to have for a container.
 */
#pragma once

struct container;
struct error;
struct list;
struct lock;
struct places;

/* Adds what it needs of the kernel (by box doctor's words) and of cgroups, each once. Only what app_policy fills counts. */
void needs_list(const struct container *container, struct list *features, struct list *controllers);

/* Whether this host has all that the container needs, and whether box knows all that the lock at path names. */
int needs_check(const struct places *places, const struct container *container, const struct lock *lock,
		const char *path, struct error *e);
