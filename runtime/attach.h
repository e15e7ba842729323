/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - this process' streams, signals and terminal become those of an app in the background, until either ends.
 */
#pragma once

#include <stdbool.h>

#include "runtime/streams/detach_keys.h"

struct error;
struct places;

struct attach_wishes {
	bool no_stdin;  /* what is typed here is not read */
	bool no_proxy;  /* a signal that comes here ends this; else an app without a terminal gets it */
	struct detach_keys keys; /* where the app has a terminal */
};

enum attach_end {
	ATTACH_ENDED,    /* the run is over */
	ATTACH_DETACHED, /* by the keys */
	ATTACH_LEFT,     /* a signal came, or nobody reads our stdout any more */
};

/* Shows what the app writes from now on, stdout and stderr apart, and carries stdin to one that was made with -i or -t. The supervisor may
 * be killed or renewed meanwhile. *ret_status: the app's exit code as box run has it, 128 and the signal's number for ATTACH_LEFT. */
int attach_run(const struct places *places, const char *name, const struct attach_wishes *wishes, enum attach_end *ret_end, int *ret_status,
	       struct error *e);

/* The same of an app that is started, from its first byte on; one that runs already is attached to. */
int attach_start(const struct places *places, const char *name, const struct attach_wishes *wishes, enum attach_end *ret_end,
		 int *ret_status, struct error *e);
