/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - sources of ADD that come over the network.
 *
 * What a step depends on has to be known before the cache is asked: a source whose content nobody has said (--checksum) is fetched first,
 * by a worker of its own, and its digest becomes part of the key. A source whose content is said is fetched where the step is made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct build_step;
struct build_work;
struct error;
struct list;
struct stage;
struct text;

/* Refuses what no step may have: a password in an address. */
int build_fetch_check(const struct build_step *step, struct error *e);

/* The next source of the stage's next step that has to be fetched first; false: there is none. */
bool build_fetch_needed(const struct stage *stage, size_t *ret_source);

/* In a process of its own: fetches that source. The caller frees what is returned: what it is, for build_fetch_take; NULL and e. */
char *build_fetch_source(struct build_work *work, const struct stage *stage, size_t source, struct error *e);

/* The worker has said it: from now on it is known, and what would have pinned it is told. */
void build_fetch_take(struct build_work *work, struct stage *stage, size_t source, const char *what);

/* What the step's sources are: for the key, and for the build's materials. */
void build_fetch_describe(struct build_work *work, const struct stage *stage, const struct build_step *step, struct text *ret);

/* Where a step is made: a descriptor of the source's content, fetched where it is not there. */
int build_fetch_open(struct build_work *work, const struct stage *stage, const struct build_step *step, size_t source, struct error *e);
/* The same of a repository: adds the digest of a layer that has it in its folder "src". */
int build_fetch_layers(struct build_work *work, const struct stage *stage, const struct build_step *step, size_t source, struct list *ret,
		       struct error *e);
/* The step is made; nobody needs what was fetched for it. */
void build_fetch_forget(const struct build_work *work, const struct stage *stage);
void build_fetch_release(struct stage *stage); /* what was known of them */

/* The name that a file from url has in a folder. The caller frees it. */
char *build_fetch_name(const char *url);
