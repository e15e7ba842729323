/* SPDX-License-Identifier: Apache-2.0 */
/*
 * each.h - a verb on several containers at once: "box stop web db cache" takes as long as the slowest of them, not as all together.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct call;
struct list;

/* What happens to one: -1 with e; EACH_UNTOLD: it is done, or there was nothing to do, and its name is not for the user. */
enum { EACH_UNTOLD = 1 };
typedef int each_act(const struct call *call, const char *name, const void *data, struct error *e);

struct each {
	each_act *act;
	const void *data;
	bool tells; /* a line on stdout with the name, as soon as it is done */
};

/* Calls act for every name, in a process of its own where there are several, some at a time; the audit trail hears of the names first. Who
 * fails does not keep the others; their errors are reported in the order of the names. The exit code of the command. */
int each_at_once(const struct call *call, const struct list *names, const struct each *each);

/* A row of an option table: of a verb whose names are told. */
#define QUIET_OPTION(object) { 'q', "quiet", OPTION_FLAG, offsetof(object, quiet), NULL, "do not print the names" }

/* Whether the name is for the user: an engine that has box as its runtime gives its own caller what box prints. To be asked before what is
 * done may end the container. */
bool each_is_told(const struct call *call, const char *name);

/* A line on stdout with a name that something was done to. */
int each_tell(const char *name, struct error *e);
