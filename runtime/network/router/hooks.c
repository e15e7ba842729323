/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.c - steps of box-net that fail on purpose.
 */
#include "runtime/network/router/hooks.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

int network_step(const char *name, struct error *e)
{
#ifdef BOX_TEST_HOOKS
	static const char start[] = "network: ";
	const char *fail = getenv("BOX_FAIL_STEP");

	if (fail && text_starts(fail, start) && strcmp(fail + sizeof start - 1, name) == 0)
		return error_set(e, ERROR_INTERNAL, "failed on purpose");
#else
	(void)name;
	(void)e;
#endif
	return 0;
}
