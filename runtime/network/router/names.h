/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - the names of a network and where they lead.
 *
 * A name is for all members, or for one alone: what that one is told about its other networks. Letters count without case. A name that is
 * set again gets the new addresses.
 */
#pragma once

#include <netinet/in.h>

struct name {
	char *name;  /* lower case */
	char *asker; /* who may know it; NULL: everybody */
	struct in_addr four; /* all zero: none */
	struct in6_addr six; /* all zero: none */
};

struct names {
	struct name *items;
	size_t count;
};

void names_release(struct names *names);
void names_set(struct names *names, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six);
void names_unset(struct names *names, const char *asker, const char *name);
/* All that are for this asker alone. */
void names_forget(struct names *names, const char *asker);

/* What the asker may know by this name (its own before everybody's), or by an address, of which family says the kind; NULL: nothing. The
 * pointer is good until the names change. */
const struct name *names_find(const struct names *names, const char *asker, const char *name);
const struct name *names_at(const struct names *names, const char *asker, int family, struct in_addr four, const struct in6_addr *six);
