/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_path.c - the cgroup of a container of "box run".
 */
#include "runtime/group_path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"

char *group_path(const struct places *places, const char *name)
{
	autofree char *usual = places->rootless ? text_format("/run/user/%u/box", geteuid()) : text_format("/run/box");
	char real[PATH_MAX];
	/* One folder has one group, whatever it is called: with a link in it, or a slash at its end. */
	const char *state = realpath(places->state, real) ? real : places->state;

	if (strcmp(state, usual) == 0)
		return text_format("/box/%s", name);
	return text_format("/box/%s-%08x", name, text_hash(state));
}
