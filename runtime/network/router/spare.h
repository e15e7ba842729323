/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spare.h - the twin of a box-net: a process that holds copies of what box-net cannot get again, and goes on where that is killed.
 *
 * What is handed to it is a key, a text, and descriptors; it looks into none of them. It is forked where box-net is, in the router's
 * namespaces, which live as long as one of the two, and has nothing of box-net's but what it was given. Whichever is killed, the other
 * forks a new one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum { SPARE_FDS = 8, SPARE_FIXED = 8 };

struct spare_item {
	char *key, *text;
	uint32_t hash; /* of the key */
	int fds[SPARE_FDS];
	size_t count;
};

struct spare_items {
	struct spare_item *items;
	size_t count;
};

struct spare {
	int socket;  /* to the twin; -1: there is none */
	int pidfd;   /* of the twin */
	struct spare_items kept; /* what it has, for the next one; descriptors are borrowed */
};

/* What the twin goes on with. */
struct spare_plan {
	const char *title, *spare_title; /* in ps, of who works and of who waits */
	int *const *fixed;  /* descriptors that do not change: they become 3, 4 … in the twin; -1 among them is left out */
	size_t fixed_count; /* at most SPARE_FIXED */
	/* In the twin, when box-net has been killed: items has what was kept, descriptors owned. Its result is the exit code. */
	int (*go_on)(struct spare_items *items, void *data);
	void *data;
};

/* Forks it, in place of one that has ended, and gives it all that there is. Where box-net ends by itself it ends, too. */
int spare_begin(struct spare *spare, const struct spare_plan *plan, struct error *e);

/* Hands it over, in place of what had that key. The descriptors stay open here until spare_drop, or until they are put anew. A twin that
 * does not take it is killed, and replaced when its end is noticed. */
void spare_put(struct spare *spare, const char *key, const char *text, const int *fds, size_t count);
void spare_drop(struct spare *spare, const char *key);

/* box-net ends by itself: its twin ends, too. */
void spare_end(struct spare *spare);

/* The one with the key, or NULL. */
struct spare_item *spare_items_find(const struct spare_items *items, const char *key);
/* owns: closes the descriptors, too. */
void spare_items_release(struct spare_items *items, bool owns);
