/* SPDX-License-Identifier: Apache-2.0 */
/*
 * for_cli.h - several services from one file: what the commands outside of cli/up/ use of it.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct call;

/* box run of a file with services. */
struct stack_run {
	const char *file;
	struct list services; /* by their names in the file; none: all of them */
	struct list profiles;
	const char *override, *pull, *platform;
	bool quiet, locked;
};

/* In the background: as box up, but one that lives is an error. In the foreground: what they write is shown, and all of it goes at the end,
 * or when a signal asks for it. The exit code; what went wrong is said. */
int stack_run_detached(const struct call *call, const struct stack_run *wish);
int stack_run_foreground(const struct call *call, const struct stack_run *wish);

/* Starts what does not run of the services of a file, by its name, as depends_on has it; jobs that have ended well stay. Likewise. */
int stack_start(const struct call *call, const char *name);
