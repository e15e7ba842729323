/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - the instances that are in the network.
 */
#include "runtime/network/router/members.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

static const char *const words[] = { "prepared", "joined", "standby", "live", "gone" };

const char *member_phase_word(enum member_phase phase)
{
	return words[phase];
}

bool member_phase_parse(const char *word, enum member_phase *ret)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*ret = (enum member_phase)i;
		return true;
	}
	return false;
}

struct member *members_find(const struct members *members, const char *instance)
{
	for (size_t i = 0; i < members->count; i++)
		if (strcmp(members->items[i]->instance, instance) == 0)
			return members->items[i];
	return NULL;
}

struct member *members_find_process(const struct members *members, int pidfd)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i]->pidfd == pidfd)
			return members->items[i];
	return NULL;
}

struct member *members_find_service(const struct members *members, const char *service)
{
	for (size_t i = 0; i < members->count; i++)
		if (strcmp(members->items[i]->service, service) == 0)
			return members->items[i];
	return NULL;
}

struct member *members_add(struct members *members, const char *instance, const char *service)
{
	struct member *member = alloc_zeroed(1, sizeof *member), **place = alloc_append(&members->items, &members->count, sizeof *place);

	*member = (struct member){ .instance = alloc_copy(instance), .service = alloc_copy(service), .connection = -1, .pidfd = -1, .udp = -1,
				   .tcp = -1 };
	*place = member;
	return member;
}

bool members_come(const struct members *members, const char *service)
{
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = members->items[i];

		if (strcmp(member->service, service) == 0 && !member->is_standby &&
		    (member->phase == MEMBER_PREPARED || member->phase == MEMBER_JOINED || member->phase == MEMBER_GONE))
			return true;
	}
	return false;
}

static void free_member(struct member *member)
{
	const int fds[] = { member->pidfd, member->udp, member->tcp };

	free(member->instance);
	free(member->service);
	list_release(&member->aliases);
	list_release(&member->known);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(member);
}

void members_remove(struct members *members, struct member *member)
{
	for (size_t i = 0; i < members->count; i++) {
		if (members->items[i] != member)
			continue;
		members->items[i] = members->items[--members->count];
		free_member(member);
		return;
	}
}

void members_release(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		free_member(members->items[i]);
	free(members->items);
	*members = (struct members){ 0 };
}
