/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - the names of a network and where they lead.
 *
 * A name is for all members, or for one alone: what that one is told about the others of its file. Letters count without case. A hundred
 * services that know each other are ten thousand names: they are found by hash.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	char *name;
	char *asker; /* who may know it; NULL: everybody */
	struct in_addr four; /* all zero: none */
	struct in6_addr six; /* all zero: none */
	size_t next;         /* in its bucket: 1 and more; 0: the last */
};

struct names {
	struct name *items;
	size_t count;
	size_t *buckets; /* where each begins: 1 and more; 0: empty */
};

/* Forgets all of them; valid when zeroed. */
void names_release(struct names *names);

/* One that is there gets the new addresses. */
void names_set(struct names *names, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six);

/* What the asker may know by this name (its own before everybody's), or by an address, of which family says the kind; NULL: nothing. The
 * pointer is good until the names change. */
const struct name *names_find(const struct names *names, const char *asker, const char *name);
const struct name *names_at(const struct names *names, const char *asker, int family, struct in_addr four, const struct in6_addr *six);
