/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_path.c - the cgroup of a container.
 */
#include "runtime/state/group_path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/state/state.h"

/* An engine chose it for an OCI container, or systemd for a service's app. */
static char *noted(const struct places *places, const char *name)
{
	autofree char *path = text_format("%s/%s/" STATE_GROUP, places->state, name);
	autorelease(text) struct text group = { 0 };
	struct error none = { 0 };

	return file_read(AT_FDCWD, path, PATH_MAX, &group, &none) == 0 && group.length ? text_take(&group) : NULL;
}

char *group_path(const struct places *places, const char *name)
{
	char *group = noted(places, name);
	autofree char *usual = places->rootless ? text_format("/run/user/%u/box", geteuid()) : text_format("/run/box");
	char real[PATH_MAX];
	/* One folder has one group, whatever it is called: with a link in it, or a slash at its end. */
	const char *state = realpath(places->state, real) ? real : places->state;

	if (group)
		return group;
	if (strcmp(state, usual) == 0)
		return text_format("/box/%s", name);
	return text_format("/box/%s-%08x", name, text_hash(state));
}
