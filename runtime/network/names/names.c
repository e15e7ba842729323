/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - the names of a network and where they lead.
 */
#include "runtime/network/names/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/text.h"

enum { BUCKETS = 4096 };

void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->items[i].name);
		free(names->items[i].asker);
	}
	free(names->items);
	free(names->buckets);
	*names = (struct names){ 0 };
}

static size_t bucket_of(const char *asker, const char *name)
{
	uint32_t hash = asker ? text_hash(asker) : 0;

	for (; *name; name++)
		hash = (hash ^ (uint32_t)tolower((unsigned char)*name)) * 16777619U;
	return (hash ^ hash >> 16) % BUCKETS;
}

static struct name *exact(const struct names *names, const char *asker, const char *name)
{
	size_t at = names->buckets ? names->buckets[bucket_of(asker, name)] : 0;

	for (; at; at = names->items[at - 1].next) {
		struct name *item = &names->items[at - 1];

		if (text_equal(item->asker, asker) && strcasecmp(item->name, name) == 0)
			return item;
	}
	return NULL;
}

void names_set(struct names *names, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six)
{
	struct name *item = exact(names, asker, name);

	if (!item) {
		size_t *bucket;

		if (!names->buckets)
			names->buckets = alloc_zeroed(BUCKETS, sizeof *names->buckets);
		bucket = &names->buckets[bucket_of(asker, name)];
		item = alloc_append(&names->items, &names->count, sizeof *item);
		item->name = alloc_copy(name);
		item->asker = alloc_copy(asker);
		item->next = *bucket;
		*bucket = names->count;
	}
	item->four = four;
	item->six = *six;
}

const struct name *names_find(const struct names *names, const char *asker, const char *name)
{
	const struct name *own = exact(names, asker, name);

	return own ? own : exact(names, NULL, name);
}

const struct name *names_at(const struct names *names, const char *asker, int family, struct in_addr four, const struct in6_addr *six)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct name *item = &names->items[i];

		if (item->asker && !text_equal(item->asker, asker))
			continue;
		if (family == AF_INET ? item->four.s_addr && item->four.s_addr == four.s_addr
				      : !IN6_IS_ADDR_UNSPECIFIED(&item->six) && IN6_ARE_ADDR_EQUAL(&item->six, six))
			return item;
	}
	return NULL;
}
