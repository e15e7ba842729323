/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problems.c - the first error, or all of them.
 */
#include "specs/problems.h"

#include "base/error.h"

enum { MOST = 100 }; /* more would help nobody, and each costs a walk through the file */

int problems_add(struct problems *p)
{
	if (p->prefix)
		error_at(p->e, "%s", p->prefix);
	if (!p->tell)
		return -1;
	p->tell(p->closure, p->e);
	error_clear(p->e);
	return ++p->count >= MOST ? error_set(p->e, ERROR_SPEC, "too many problems to tell") : 0;
}
