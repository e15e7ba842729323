/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - the instances that are in the network.
 *
 *     prepared   it has an address; its box goes on with its start
 *     joined     it has a link; its program does not run yet
 *     standby    its program runs, and its service's address leads to others until somebody says so
 *     live       its service's address leads to it
 *     gone       its first process has ended, and with it its link; its state folder is there: it may come back
 *
 * Until it is kept a member belongs to the connection that has prepared it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "runtime/network/names/resolver.h"

enum member_phase { MEMBER_PREPARED, MEMBER_JOINED, MEMBER_STANDBY, MEMBER_LIVE, MEMBER_GONE };

struct member {
	char *instance, *service;
	struct list aliases;
	struct list known; /* "IP4 IP6 NAME": what it is told about others */
	unsigned index;
	enum member_phase phase;
	bool is_standby;  /* what it becomes when its program runs */
	bool is_durable;  /* it has a definition */
	bool was_kept;    /* it comes back: where that fails it is gone, as before */
	int connection;   /* whose it is; -1: it is kept by its state folder */
	int pidfd;        /* of its first process, from the join on; else -1 */
	struct resolver_sockets names; /* as the resolver has them, for the spare */
};

struct members {
	struct member **items;
	size_t count;
};

/* "live" … */
const char *member_phase_word(enum member_phase phase);
bool member_phase_parse(const char *word, enum member_phase *ret);

struct member *members_find(const struct members *members, const char *instance);
struct member *members_find_process(const struct members *members, int pidfd);
/* Any member of the service, or NULL. */
struct member *members_find_service(const struct members *members, const char *service);
/* Whether one of the service is on its way, or was and comes again: its state folder is there. */
bool members_come(const struct members *members, const char *service);

/* Every descriptor that a member can have, and the letter that stands for it in its copy (copies.h). */
#define MEMBER_DESCRIPTORS "pcutbn"
enum { MEMBER_DESCRIPTOR_COUNT = sizeof MEMBER_DESCRIPTORS - 1 };
void members_descriptors(struct member *member, int *ret_fds[static MEMBER_DESCRIPTOR_COUNT]);

struct member *members_add(struct members *members, const char *instance, const char *service);
/* Closes all of them but the connection. */
void members_close(struct member *member);
void members_remove(struct members *members, struct member *member);
void members_release(struct members *members);
