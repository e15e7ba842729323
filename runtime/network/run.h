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
	char *record; /* the folder of the record, where addresses are kept */
	char *state;  /* the folder of all states */
	char *apps;   /* STORE/apps: an address is kept as long as there is a definition of that name */
	int64_t is_internal, is_rootless;
};

#define NETWORK_RUN_FILE "run"

#define NETWORK_RUN_ROWS                                                    \
	{ "name", LINE_TEXT, offsetof(struct network_run, name) },          \
	{ "subnet", LINE_TEXT, offsetof(struct network_run, subnet) },      \
	{ "prefix6", LINE_TEXT, offsetof(struct network_run, prefix6) },    \
	{ "record", LINE_TEXT, offsetof(struct network_run, record) },      \
	{ "state", LINE_TEXT, offsetof(struct network_run, state) },        \
	{ "apps", LINE_TEXT, offsetof(struct network_run, apps) },          \
	{ "internal", LINE_NUMBER, offsetof(struct network_run, is_internal) }, \
	{ "rootless", LINE_NUMBER, offsetof(struct network_run, is_rootless) }, { 0 },
