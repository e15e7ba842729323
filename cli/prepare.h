/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare.h - from a file, or an image, to a container that can be run, and to the definition of an app in the background.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "cli/bundle.h"
#include "cli/locking.h"
#include "images/image.h"
#include "specs/container.h"

struct app;
struct app_definition;
struct call;
struct error;

/* What the command line of box run says; box up sets what it has words for. */
struct run_options {
	bool terminal, keep_stdin, remove, detach, keep;
	struct bundle_choices bundle;
	const char *name, *override, *pull, *platform, *from;
	bool quiet, locked, no_deps;
	struct list env, volumes, fields;

	/* Not of the command line's words. */
	const char *service;    /* of a file with several; NULL: the file is one app */
	bool is_beside;         /* as in struct app_options */
	const char *volumes_of, *hostname; /* as in struct app_options */
	struct list profiles;
	bool is_told;           /* what the lock has to say was said */
	bool is_plan;           /* nothing is built: an image that is not there as it would be is ERROR_MISSING */
};

/* What one run holds; released at its end. */
struct run {
	struct app *app;
	bool is_borrowed; /* the app is somebody else's */
	struct locking locking;
	struct image image; /* begins with pin -1 */
	struct container container;
	struct list epilogue;
};

void run_release(struct run *run);

/* A name for a run of an app that may have several at once: the app's and six digits. NULL: there is no randomness. */
char *run_name(const char *app, struct error *e);

/* A spec, not the name of an image; a folder that is called like an image, or like what runs, is neither. */
bool run_is_file(const char *operand);

/* Everything up to the container with its layers: the app is read (where run has none yet), its image found, fetched or built, and
 * compared with the lock. command: replaces that of the spec; may be empty. */
int run_prepare(struct run *run, const struct call *call, const struct run_options *options, const char *file, const struct list *command,
		struct error *e);

/* The spec as the definition of an app in the background has it. Adds to ret. */
int run_freeze(const struct run *run, const struct run_options *options, const struct list *command, struct text *ret, struct error *e);

/* Makes the definition of an app in the background. place: which instance of what it is: those members of it alone are read; NULL: an app
 * alone. */
int run_make(const struct run *run, const struct call *call, const struct run_options *options, const struct list *command,
	     const struct app_definition *place, struct error *e);
