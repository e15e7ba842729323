/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - the instances that are in the network.
 */
#include "runtime/network/router/members.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

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

	*member = (struct member){ .instance = alloc_copy(instance), .service = alloc_copy(service), .connection = -1, .pidfd = -1,
				   .names = RESOLVER_NO_SOCKETS };
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

void members_descriptors(struct member *member, int *ret_fds[static MEMBER_DESCRIPTOR_COUNT])
{
	int *const all[] = { &member->pidfd,     &member->connection,   &member->names.udp,
			     &member->names.tcp, &member->names.before, &member->names.next };

	_Static_assert(sizeof all / sizeof *all == MEMBER_DESCRIPTOR_COUNT, "a letter each");
	memcpy(ret_fds, all, sizeof all);
}

void members_close(struct member *member)
{
	int *all[MEMBER_DESCRIPTOR_COUNT];

	members_descriptors(member, all);
	for (size_t i = 0; i < MEMBER_DESCRIPTOR_COUNT; i++)
		if (all[i] != &member->connection && *all[i] >= 0) /* that is the loop's */
			close(take_fd(all[i]));
}

static void free_member(struct member *member)
{
	free(member->instance);
	free(member->service);
	list_release(&member->aliases);
	list_release(&member->known);
	members_close(member);
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
