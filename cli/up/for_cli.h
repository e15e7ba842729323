/* SPDX-License-Identifier: Apache-2.0 */
/*
 * for_cli.h - several services from one file: what the commands outside of cli/up/ use of it.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct call;
struct error;

/* box run of a file with services. */
struct stack_run {
	const char *file;
	struct list services; /* by their names in the file; none: all of them */
	struct list profiles;
	const char *override, *pull, *platform;
	bool quiet, locked;
	bool leaves_needed; /* of a run beside a service: what that depends on is not started */
};

/* In the background: as box up, but one that lives is an error. In the foreground: what they write is shown, and all of it goes at the end,
 * or when a signal asks for it. The exit code; what went wrong is said. */
int stack_run_detached(const struct call *call, const struct stack_run *wish);
int stack_run_foreground(const struct call *call, const struct stack_run *wish);

/* For a run beside the one service that is named: starts what that depends on and does not run, and waits for its conditions. What runs is
 * left as it is, by whatever spec. *ret_full is what the service is called by everybody else, freed by the caller. 0 or EXIT_BOX_FAILED;
 * what went wrong is said. */
int stack_start_needed(const struct call *call, const struct stack_run *wish, char **ret_full);

/* Starts what does not run of the services of a file, by its name, as depends_on has it; jobs that have ended well stay. Likewise. Prints
 * the names of those that it has started, unless quiet. */
int stack_start(const struct call *call, const char *name, bool quiet);

/* unit.c: a unit of systemd for all that box up has made of a name (runtime/apps/kept.h). */

/* Whether FILE or NAME is such that there is no other unit for it: several services, or one with generations or replicas. */
bool unit_is_for_up(const struct call *call, const char *word, const char *override);
int unit_install(const struct call *call, const char *word, const char *override, bool now, struct error *e);
/* All of it stops. */
int unit_remove(const struct call *call, const char *name, const char *unit, struct error *e);

/* The hidden command that is the unit's main process: box up-serve NAME. */
int command_up_serve(const struct call *call);
