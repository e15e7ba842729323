/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.h - a file with "services": several apps under one name. A door of specs/, beside app.h.
 *
 * Each service is an app of its own, decoded and checked as if it stood alone, to which what the file says for all was applied: names of
 * volumes and networks begin with the name of the file, secrets by name have their sources. A file that is one app is a stack of one
 * service without a name of its own, so that what reads stacks reads every file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct app;
struct app_options;
struct error;

enum stack_condition { STACK_STARTED, STACK_HEALTHY, STACK_COMPLETED };

struct stack_dependency {
	char *service; /* as the file calls it */
	int condition; /* enum stack_condition */
	bool restart;  /* restarted when that one is replaced */
	bool is_required; /* else it may be missing, or fail */
};

struct stack_service {
	char *name; /* as the file calls it: "web" */
	char *full; /* as everybody else does: "shop-web"; of an app alone the same as name */
	struct app *app;
	struct stack_dependency *dependencies;
	size_t dependency_count;
	size_t level; /* 0: waits for nobody; else one more than the highest that it waits for */
};

/* "volumes" and "networks" of the file. */
struct stack_volume {
	char *key;
	char *name; /* whole: "shop_data" */
	bool is_external; /* not made here, nor removed */
};

struct stack_network {
	char *key;
	char *name; /* likewise */
	bool is_external, is_internal;
	char *subnet; /* or NULL */
};

struct stack {
	char *name; /* NULL: an app alone */
	char *file; /* as the user named it */
	struct app *shared; /* the file itself: its text and folder; NULL: an app alone */
	struct stack_service *services; /* in the order of their levels, and within one as the file has them */
	size_t count;
	struct stack_volume *volumes;
	size_t volume_count;
	struct stack_network *networks;
	size_t network_count;
};

/* As app_load, for a file with services or an app alone. The result is freed by stack_free. */
int stack_load(const char *path, const struct app_options *options, struct stack **ret, struct error *e);
void stack_free(struct stack *stack);

/* Whether the file, which can be read, has services; false in doubt. */
bool stack_is_file(const char *path);

/* By its name in the file, or NULL. */
const struct stack_service *stack_find(const struct stack *stack, const char *name);

/* The file as JSON, as box config prints it: it means the same when it is read again. */
void stack_dump(const struct stack *stack, struct text *ret);

/* How a new generation of an app replaces the one before. */
struct app_update {
	enum app_update_order { UPDATE_UNSAID, UPDATE_STOP_FIRST, UPDATE_START_FIRST } order;
	int64_t monitor_us; /* an app without a health check has to run so long */
	int64_t timeout_us; /* one with a health check has to be healthy by then */
	int64_t drain_us;   /* connections to the old one may last so long */
};
struct app_update app_update(const struct app *app);

/* How many instances of it are to run, and in which profiles it is (none: always). */
int64_t app_replicas(const struct app *app);
const struct list *app_profiles(const struct app *app);
