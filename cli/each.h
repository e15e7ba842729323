/* SPDX-License-Identifier: Apache-2.0 */
/*
 * each.h - a verb on several containers at once: "box stop web db cache" takes as long as the slowest of them, not as all together.
 */
#pragma once

#include "base/error.h"

struct call;
struct list;

/* What happens to one: -1 with e. */
typedef int each_act(const struct call *call, const char *name, const void *data, struct error *e);

/* Calls act for every name, in a process of its own where there are several, some at a time; the audit trail hears of the names first. Who
 * fails does not keep the others; their errors are reported in the order of the names. The exit code of the command. */
int each_at_once(const struct call *call, const struct list *names, each_act *act, const void *data);
