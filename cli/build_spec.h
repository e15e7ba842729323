/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_spec.h - a file with "build", or a Dockerfile: what it says before anything is built.
 */
#pragma once

#include "base/text.h"
#include "specs/app.h"

struct build_file;
struct build_inputs;
struct error;

/* What a spec says about its build. */
struct build_spec {
	struct app *app; /* NULL: there is no spec */
	struct app_build build;
	char *context, *file; /* as paths for the caller; file: NULL: not said */
	char *folder;         /* that the spec lies in */
};

/* override, service (of a file with several): or NULL. A spec without "build" is an error. */
int build_spec_load(const char *path, const char *override, const char *service, struct build_spec *ret, struct error *e);
void build_spec_release(struct build_spec *spec);

/* "docker-image://NAME" of --build-context or "contexts": NAME, of a registry; NULL: it is something else. */
const char *build_context_image(const char *value);

/* The text of a build file, and what messages call it, to be freed: file, "-" for stdin, or NULL: the first of the usual names in the
 * folder context. */
int build_text_read(int context, const char *file, char **ret_name, struct text *ret, struct error *e);

/* The images that the "build" of a spec, or (spec NULL) the Dockerfile at path, names: with the default values of its arguments. Each
 * once, sorted. */
int build_spec_images(const struct build_spec *spec, const char *path, struct list *ret, struct error *e);
