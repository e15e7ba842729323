/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - the names of a network and where they lead. There are some hundred at most: they are looked through.
 */
#include "runtime/network/router/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/text.h"

static void drop(struct names *names, size_t at)
{
	free(names->items[at].name);
	free(names->items[at].asker);
	names->items[at] = names->items[--names->count];
}

void names_release(struct names *names)
{
	while (names->count)
		drop(names, names->count - 1);
	free(names->items);
	names->items = NULL;
}

static struct name *exact(const struct names *names, const char *asker, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (text_equal(names->items[i].asker, asker) && strcasecmp(names->items[i].name, name) == 0)
			return &names->items[i];
	return NULL;
}

void names_set(struct names *names, const char *asker, const char *name, struct in_addr four, const struct in6_addr *six)
{
	struct name *item = exact(names, asker, name);

	if (!item) {
		item = alloc_append(&names->items, &names->count, sizeof *item);
		item->name = alloc_copy(name);
		item->asker = alloc_copy(asker);
	}
	item->four = four;
	item->six = *six;
}

void names_unset(struct names *names, const char *asker, const char *name)
{
	const struct name *item = exact(names, asker, name);

	if (item)
		drop(names, (size_t)(item - names->items));
}

void names_forget(struct names *names, const char *asker)
{
	for (size_t i = names->count; i-- > 0;)
		if (text_equal(names->items[i].asker, asker))
			drop(names, i);
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
