/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problems.h - the first error, or all of them. Private to specs/.
 *
 * box run stops at the first thing that is wrong; box check tells everything. Code that finds a problem fills
 * p->e and returns problems_add(p): -1 means stop, 0 means that it was told and that the search goes on.
 *
 *     if (!is_good(item)) {
 *             error_set(p->e, ERROR_SPEC, "…");
 *             error_at(p->e, "[%zu]", i);
 *             if (problems_add(p))
 *                     return -1;
 *     }
 */
#pragma once

#include <stddef.h>

struct error;

struct problems {
	struct error *e;
	void (*tell)(void *closure, struct error *e); /* NULL: stop at the first */
	void *closure;
	const char *prefix; /* put in front of every field ("services.web"), or NULL */
	size_t count;       /* of those that were told */
};

/* Takes the problem in p->e. -1 where the search ends with it; 0 where it was told, and p->e is empty again. */
int problems_add(struct problems *p);
