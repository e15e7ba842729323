/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points.c - where test builds have box up die, or a step of it fail.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/up/up.h"

void up_point(const char *name)
{
#ifdef BOX_TEST_HOOKS
	const char *where = getenv("BOX_UP_DIE");

	if (where && strcmp(where, name) == 0) {
		(void)kill(getppid(), SIGKILL);
		(void)kill(getpid(), SIGKILL);
	}
#else
	(void)name;
#endif
}

int up_step(const char *name, struct error *e)
{
#ifdef BOX_TEST_HOOKS
	const char *where = getenv("BOX_UP_FAIL");

	if (where && strcmp(where, name) == 0)
		return error_set(e, ERROR_INTERNAL, "%s: failed on purpose", name);
#else
	(void)name;
	(void)e;
#endif
	return 0;
}
