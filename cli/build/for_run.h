/* SPDX-License-Identifier: Apache-2.0 */
/*
 * for_run.h - box run of a file with "build": its image is built first, from the cache where that has it.
 */
#pragma once

#include <stdbool.h>

struct call;

struct build_for_run {
	bool is_quiet, is_locked;
	const char *override, *platform, *pull; /* or NULL */
	const char *service; /* of a file with several, or NULL */
	bool is_told_only;   /* for box plan: nothing is made, fetched or said, and what the caches do not have all of is an error */
};

/* The image's digest, to be freed, and 0; or an exit code, with everything said. */
int build_for_run(const struct call *call, const char *path, const struct build_for_run *wish, char **ret_digest);
