/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instances.h - services and their instances: which definitions (apps.h) are what of which service.
 *
 * A service is an app as its users see it: it has one name for life. An instance is one definition of it, which has its processes, log and
 * writable layer. There are several where it has replicas, and while one generation takes the place of another:
 *
 *     web         the first generation of the app web      shop-web       of the service web of the file shop
 *     web.2       the second                               shop-web-2     its second replica
 *                                                          shop-web-2.3   the third generation of that
 *
 * The roles follow from two marks and the numbers alone, so that they are the same for whoever looks, also after a kill in the middle:
 *
 *     "standby" in the definition      INSTANCE_STANDBY     it waits for its turn; box up has not got further
 *     "retired"                        INSTANCE_RETIRED     stopped, kept for box rollback until the next replace
 *     neither, the highest generation  INSTANCE_LIVE
 *     neither, a lower one             INSTANCE_REPLACED    it is being drained, and is retired next
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct list;
struct places;

enum instance_role { INSTANCE_LIVE, INSTANCE_STANDBY, INSTANCE_REPLACED, INSTANCE_RETIRED };

/* "live", "standby", "replaced", "retired". */
const char *instance_role_word(enum instance_role role);

struct instance {
	char *name;
	char *stack; /* NULL: an app alone */
	char *service;
	int64_t generation, replica, level;
	int64_t created; /* seconds since 1970 */
	char *digest; /* NULL: not known */
	char *depends, *external; /* app_settings.h */
	char *unit;   /* of systemd, or NULL */
	char *restart;
	char *spec_file, *named; /* app_settings.h */
	enum instance_role role;
};

struct instances {
	struct instance *items; /* by level, service, replica, generation */
	size_t count;
};

void instances_release(struct instances *instances);

/* Every instance whose service or stack is word; NULL: all that there are. */
int instances_find(const struct places *places, const char *word, struct instances *ret, struct error *e);

/* Adds the names of those that are live. */
void instances_live(const struct instances *instances, struct list *ret);

/* The names of the instances that a user means by word: the live ones of a service, or of all services of a stack, in the order of their
 * levels; where word is neither, word itself. "web.1" is the definition web of a service web whose live instance is another. */
int instances_resolve(const struct places *places, const char *word, struct list *ret, struct error *e);

/* The name of an instance. The caller frees it. */
char *instance_name(const char *service, int64_t replica, int64_t generation);

/* How an instance is. */
struct instance_condition {
	bool is_running;   /* its program is */
	bool is_ending;    /* it has just ended, and nobody knows yet what comes next */
	bool is_scheduled; /* it is a job, and waits for its time */
	bool is_waiting;   /* it has failed, and "restart" starts it again after a while; not of a job */
	bool is_supervised; /* it runs, or a supervisor is about to start it (again) */
	bool has_run;
	int64_t starts;    /* runs that there were; only while supervised */
	int64_t code, signal; /* of the last run, where has_run */
	bool was_stopped;  /* somebody asked for that end */
	const char *health; /* "healthy" and so on, "" without a check. Static */
	const char *lost_network; /* NULL: none. Not instance_look's: who knows its networks notes it. Borrowed */
};
void instance_look(const struct places *places, const char *name, struct instance_condition *ret);

/* Another file is the one that it was made from. */
int instance_set_file(const struct places *places, const char *name, const char *spec_file, const char *named, struct error *e);

/* Marks: these take one away or set it, as one step on the disk. */
int instance_promote(const struct places *places, const char *name, struct error *e); /* STANDBY becomes LIVE */
int instance_demote(const struct places *places, const char *name, struct error *e);  /* and STANDBY again */
int instance_retire(const struct places *places, const char *name, struct error *e);
