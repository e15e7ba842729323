/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - what box tells the box-net that it begins: the file "run" in STATE/.networks/NAME, lines "key value".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/supervise/lines.h"

struct network_run {
	char *name, *subnet, *prefix6; /* as in the record */
	char *leases; /* the folder where addresses are kept; NULL: nowhere, they go with box-net */
	char *state;  /* the folder of all states */
	char *apps;   /* STORE/apps: an address is kept as long as there is a definition of that name */
	int64_t is_internal, is_rootless;
};

#define NETWORK_RUN_ROWS                                                    \
	{ "name", LINE_TEXT, offsetof(struct network_run, name) },          \
	{ "subnet", LINE_TEXT, offsetof(struct network_run, subnet) },      \
	{ "prefix6", LINE_TEXT, offsetof(struct network_run, prefix6) },    \
	{ "leases", LINE_TEXT, offsetof(struct network_run, leases) },      \
	{ "state", LINE_TEXT, offsetof(struct network_run, state) },        \
	{ "apps", LINE_TEXT, offsetof(struct network_run, apps) },          \
	{ "internal", LINE_NUMBER, offsetof(struct network_run, is_internal) }, \
	{ "rootless", LINE_NUMBER, offsetof(struct network_run, is_rootless) }, { 0 },
