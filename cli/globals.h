/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals.h - the options before a command; their table (global_options) is in commands.h with the others.
 */
#pragma once

#include <stdbool.h>

struct globals {
	bool debug, version, help, systemd_cgroup;
	const char *log, *log_format, *store, *root, *cgroup_manager, *rootless;
};
