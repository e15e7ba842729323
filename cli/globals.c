/* SPDX-License-Identifier: Apache-2.0 */
/*
 * globals.c - the options before a command.
 */
#include "cli/globals.h"

#include <stddef.h>

#include "cli/commands.h"
#include "cli/other_options.h"

const struct option_row global_options[] = {
	{ 0, "debug", OPTION_FLAG, offsetof(struct globals, debug), NULL, "print what box does" },
	{ 0, "log", OPTION_TEXT, offsetof(struct globals, log), "FILE", "write messages there too" },
	{ 0, "log-format", OPTION_TEXT, offsetof(struct globals, log_format), "text|json", "form of those messages" },
	{ 0, "store", OPTION_TEXT, offsetof(struct globals, store), "FOLDER", "layers and volumes (default: /var/lib/box, or BOX_STORE)" },
	{ 0, "root", OPTION_TEXT, offsetof(struct globals, root), "FOLDER", "state of running containers (default: /run/box)" },
	{ 0, "systemd-cgroup", OPTION_FLAG, offsetof(struct globals, systemd_cgroup), NULL, "the same as --cgroup-manager systemd" },
	{ 0, "cgroup-manager", OPTION_TEXT, offsetof(struct globals, cgroup_manager), "cgroupfs|systemd|disabled",
	  "who makes cgroups of OCI containers" },
	{ 0, "rootless", OPTION_TEXT, offsetof(struct globals, rootless), "true|false|auto", "taken for runc's sake: box sees by itself" },
	{ 'v', "version", OPTION_FLAG, offsetof(struct globals, version), NULL, "print the version" },
	{ 'h', "help", OPTION_FLAG, offsetof(struct globals, help), NULL, "print this text" },
	COMPOSE_OPTIONS,
	OTHER_OPTION(0, "profile", "behind the command: box up --profile NAME app.json"),
	OTHER_OPTION('H', "host", "there is no daemon: ssh HOST box …"),
	OTHER_OPTION('c', "context", "there is no daemon to choose; --store and --root say where things lie"),
	{ 0 },
};
