/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets.h - what the NAMEs of a command line mean: containers, or the instances of a service or of all services of a file
 * (runtime/apps/instances.h). Wherever a NAME is, the file may be named in its place: box logs -f app.json.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "cli/each.h"

struct call;
struct error;

/* In place of a word, or of each, that is a file what runs of it is called by: "shop" for app.json; of several words also "shop-web" for
 * "app.json", "web" (file_services.h). The functions below do it by themselves. */
int target_name(const struct call *call, char **word, struct error *e);
int targets_name(const struct call *call, struct list *words, struct error *e);

/* In place of each word the instances that it means. */
int targets_all(const struct call *call, struct list *words, struct error *e);

/* In place of word number index the one instance that it means; of several replicas the first. A file with several services is an error. */
int targets_one(const struct call *call, struct list *words, size_t index, struct error *e);

/* The same of a single word, which is freed. */
int target_one(const struct call *call, char **word, struct error *e);

/* Where e says that there is nothing of a word, and it can be told what was meant: that is the hint. Returns -1. */
int target_meant(const struct call *call, const char *word, struct error *e);

/* Whether it is the name of a file with services, of which there are instances. */
bool target_is_stack(const struct call *call, const char *word);

/* In which order a verb takes the services that depend on each other. */
enum targets_order { TARGETS_FIRST_LEVEL_FIRST, TARGETS_LAST_LEVEL_FIRST };

/* Which instances a word means that means several. */
enum targets_scope {
	TARGETS_LIVE,
	TARGETS_RUNNING, /* of these the ones that run: a job that is done is no error; where none does, all */
	TARGETS_WHOLE,   /* also those that wait for their turn or have been replaced */
};

/* As targets_all, of those that run. */
int targets_running(const struct call *call, struct list *words, struct error *e);

/* each_at_once on the instances of every word, one level of dependencies after the other. The exit code. */
int targets_each(const struct call *call, const struct list *words, enum targets_order order, enum targets_scope scope,
		 const struct each *each);
