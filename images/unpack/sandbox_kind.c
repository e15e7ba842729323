/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_kind.c - how much less there is inside somebody else's container.
 */
#include "images/unpack/sandbox_kind.h"

#include <stdlib.h>
#include <string.h>

static bool is_told(const char *variable, const char *words)
{
	const char *value = getenv(variable);

	return value && strcmp(value, words) == 0;
}

bool sandbox_is_chroot(void)
{
	return is_told("BOX_SANDBOX", "chroot");
}

bool sandbox_keeps_tars(void)
{
	return is_told("BOX_LAYERS", "tar");
}
