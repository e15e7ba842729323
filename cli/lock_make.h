/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_make.h - the lock of a spec, from what there is now.
 */
#pragma once

#include <stdbool.h>

struct error;
struct list;
struct lock;
struct places;

struct lock_order {
	const struct places *places;
	const char *spec;          /* the file; one whose name does not end in ".json" is a Dockerfile */
	const struct lock *before; /* images of registries stay as they are there; or NULL */
	const char *update;        /* but for this one; "" for all of them, NULL for none */
	bool is_offline;           /* a registry's image that is not locked is left out */
};

/* Locks the spec with each of its overrides. Adds to left_out what is_offline leaves out. */
int lock_make(const struct lock_order *order, struct lock *ret, struct list *left_out, struct error *e);
