/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spare.h - the twin of a box-net: a process that holds copies of what box-net cannot get again, and goes on where that is killed.
 *
 * What is handed to it is a key, a text, and descriptors; it looks into none of them. It stays in the network namespace in which box-net was
 * begun: from there it makes its own spare, and what else needs the host's network, before it enters the router's. A killed spare is
 * replaced by one more fork where box-net can come back into that namespace: root's can, an ordinary user's cannot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

enum { SPARE_FDS = 8 };

struct spare_item {
	char *key, *text;
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

/* Forks it. 0 in box-net. 1 in the twin, when box-net has been killed: *ret has what was kept, descriptors owned; the caller takes over.
 * Where box-net ends by itself, the twin ends here. The fork closes what of old (may be NULL) it owns. */
int spare_fork(struct spare *spare, struct spare_items *old, struct spare_items *ret, struct error *e);

/* The twin has been killed: a new one gets everything again. namespace: that in which it shall stay. As spare_fork. */
int spare_renew(struct spare *spare, int namespace, struct spare_items *ret, struct error *e);

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
