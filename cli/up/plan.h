/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what has to happen so that what runs is what is written: pure, from two lists to one.
 *
 * box plan prints it and box up carries it out; there is no other way from a file to its services. The plan of a service that an
 * interrupted up has left half-way goes on from there, because everything that it needs is in the roles of instances
 * (runtime/apps/instances.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/stack.h"

struct instances;
struct instance_condition;
struct text;

enum plan_kind {
	PLAN_KEEP,    /* it is as it should be */
	PLAN_DONE,    /* a job that has ended well, and need not run again */
	PLAN_CREATE,  /* all its instances */
	PLAN_START,   /* one instance that does not run */
	PLAN_RESTART, /* one that runs, and has lost what only a start gives it */
	PLAN_REPLACE, /* all its instances by those of the next generation */
	PLAN_ADD,     /* one more replica */
	PLAN_REMOVE,  /* one replica too many, an orphan, or what an interrupted up has left and nobody wants */
	PLAN_PROMOTE, /* an interrupted up has begun to switch: the rest of the new generation */
	PLAN_RETIRE,  /* likewise: an instance that has been replaced */
	PLAN_ORPHAN,  /* of a service that the file does not have (any more): it stays */
};

/* A service as it should be. */
struct plan_service {
	const char *full;    /* "shop-web" */
	const char *digest;  /* of spec and image; NULL: cannot be known before it is built or pulled */
	const char *changes; /* in what it differs from what runs, in words; NULL: not known */
	int64_t level, replicas;
	const char *restart; /* "no": it may be a job */
	enum app_update_order order;
	const char *obstacle; /* why two generations cannot run at once; NULL: they can */
	bool is_wanted;      /* else it is only known, so no orphan */
};

struct plan_action {
	enum plan_kind kind;
	const char *service; /* full; borrowed */
	char *instance;      /* CREATE, REPLACE: the first one */
	int64_t replica, generation;
	int64_t replicas; /* CREATE, REPLACE: how many */
	enum app_update_order order; /* REPLACE */
	char *reason;        /* NULL: goes without saying */
};

struct plan {
	struct plan_action *actions; /* by level of their services; those of one service in the order in which they are done */
	size_t count;
};

/* found: every instance of the stack, or of the app, with its conditions beside. wanted is in the order of levels. */
void up_plan_make(const struct plan_service *wanted, size_t count, const struct instances *found,
		  const struct instance_condition *conditions, bool remove_orphans, struct plan *ret);
void up_plan_release(struct plan *plan);

/* Whether it does anything. */
bool up_plan_has_changes(const struct plan *plan);

/* A line each, or a JSON array. Add to ret. */
void up_plan_print(const struct plan *plan, struct text *ret);
void up_plan_print_json(const struct plan *plan, struct text *ret);

/* "create", "replace" and so on. */
const char *up_plan_word(enum plan_kind kind);
